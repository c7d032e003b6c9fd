"""What takes long says so in a terminal, leaves it as it was, and says nothing elsewhere."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
from terminals import ESCAPE, HIDE, SHOW, at_terminal, script

import hierbayes as hb
from hierbayes import progress
from hierbayes.fitted import registry
from hierbayes.progress import OFF, VARIABLE, Work, shows, wanted, working

WAITING = """
    import collections, os, signal, sys, threading, time
    from hierbayes.progress import Work, say, working

    signal.signal(signal.SIGINT, signal.default_int_handler)
    drawn, line = collections.Counter(), Work.line

    def counted(work):
        drawn[work.words[0]] += 1
        return line(work)

    Work.line = counted

    def until_drawn(title, seconds=20):
        before, given_up = drawn[title], time.monotonic() + seconds
        while drawn[title] < before + 2 and time.monotonic() < given_up:
            time.sleep(0.01)
"""
"""Lines are drawn by another thread, when a busy machine comes to it."""
SLOW = script(
    WAITING
    + """
    wait = until_drawn if sys.argv[1:] else lambda title: None
    with working("outer", 3, unit="rows", delay=0.0) as work:
        for k in work.over(range(3)):
            print(f"printed {k}")
            with working("inner", delay=0.0):
                wait("inner")
        work.done, work.note = 2, "in hand"
        say("a line that stays")
        wait("outer: in hand")
    print("the end")
"""
)
LEFT = [*(f"printed {k}" for k in range(3)), "a line that stays", "the end"]


@pytest.fixture(autouse=True)
def _a_user_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def cursor_is_back(written: str) -> bool:
    return written.count(HIDE) == written.count(SHOW) > 0 and written.rfind(SHOW) > written.rfind(HIDE)


def test_lines_are_drawn_below_each_other_and_go():
    seen = at_terminal(*SLOW, "wait")
    assert seen.status == 0
    assert "outer" in seen.written
    assert "inner" in seen.written
    assert "2/3 rows  0:0" in seen.written
    assert "outer: in hand" in seen.written
    assert "\x1b[1A" in seen.written  # from the inner line up to the outer one
    assert cursor_is_back(seen.written)
    assert seen.screen == LEFT


def test_output_in_a_pipe_stays_there():
    seen = at_terminal(*SLOW, "wait", piped=True)
    assert seen.piped.splitlines() == [line for line in LEFT if line != "a line that stays"]
    assert cursor_is_back(seen.written)
    assert seen.screen == ["a line that stays"]


def test_nothing_that_is_quick():
    quick = script("""
        from hierbayes.progress import working
        with working("quick", 3) as work:
            for _ in work.over(range(3)):
                pass
    """)
    assert at_terminal(*quick).written == ""


@pytest.mark.parametrize("how", ["raise ValueError('wrong')", "os._exit", "left behind", "Ctrl-C"])
def test_the_terminal_is_as_it_was_when_it_ends_early(how: str):
    ends = {
        "os._exit": "work.__exit__(None, None, None); os._exit(3)",
        "left behind": "sys.exit(4)",
        "Ctrl-C": "print('now', flush=True); time.sleep(20)",
    }
    enter = "work.__enter__()" if how == "left behind" else "with work:"
    indent = "" if how == "left behind" else "    "
    seen = at_terminal(
        *script(
            WAITING
            + f"""
    work = working("long", delay=0.0)
    {enter}
    {indent}until_drawn("long")
    {indent}{ends.get(how, how)}
"""
        ),
        interrupt_at="now" if how == "Ctrl-C" else "",
    )
    assert seen.status == {"os._exit": 3, "left behind": 4, "Ctrl-C": -2}.get(how, 1)
    assert "long" in seen.written
    assert cursor_is_back(seen.written)
    assert not any("long " in line for line in seen.screen if "File" not in line)


def test_a_log_gets_no_control_character():
    env = {**os.environ, "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}
    done = subprocess.run([sys.executable, *SLOW], capture_output=True, text=True, env=env, check=True)
    assert done.stderr == "a line that stays\n"
    assert ESCAPE not in done.stdout


def test_switched_off():
    for env in [{VARIABLE: "off"}, {"TERM": "dumb"}]:
        assert ESCAPE not in at_terminal(*SLOW, env=env).written


def test_silent_in_threads_and_workers():
    seen = at_terminal(
        *script(
            WAITING
            + """
    from joblib import Parallel, delayed

    def work():
        from hierbayes.progress import shows
        with working("hidden", delay=0.0):
            until_drawn("hidden", seconds=0.5)
        return shows()

    if __name__ == "__main__":
        print(Parallel(n_jobs=2)(delayed(work)() for _ in range(2)))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
"""
        )
    )
    assert seen.screen == ["[False, False]"]
    assert "hidden" not in seen.written


def test_whatever_is_asked_of_a_fit_has_a_line(monkeypatch: pytest.MonkeyPatch):
    """Bound in one place, so that a new method has one too; its own name, docstring and arguments stay."""
    told = []
    monkeypatch.setattr(progress, "showing", lambda draw, **how: told.append(draw) or nullcontext())
    monkeypatch.setattr(registry, "resolve", lambda target: lambda fit, k=1: f"{fit} {k}")
    for table, called in [(registry.ESTIMATES, "fit."), (registry.PLOTS, "fit.plot.")]:
        for name in table:
            assert registry.bind(table, name, "a fit", called)(k=2) == "a fit 2"
            assert told.pop().__self__.title == called + name


def test_quiet_and_the_variable(monkeypatch: pytest.MonkeyPatch):
    assert wanted()
    with hb.quiet():
        assert not wanted()
        with hb.quiet():
            pass
        assert not wanted()
    assert wanted()
    for value in OFF:
        monkeypatch.setenv(VARIABLE, value.upper())
        assert not wanted()
    monkeypatch.setenv(VARIABLE, "1")
    assert wanted()


def test_a_stream_that_is_closed_is_no_terminal(monkeypatch: pytest.MonkeyPatch):
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        assert not shows()


def test_what_a_line_says(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    work = Work("leave-one-out", 73_421, "rows")
    assert work.words == ("leave-one-out", "0/73,421 rows  0:00:00")
    now[0], work.done, work.note = 20.0, 12_000, "m3"
    assert work.words == ("leave-one-out: m3", "12,000/73,421 rows  0:00:20, 0:01:42 left")
    now[0] = 75.0
    assert Work("R²").words == ("R²", "0:00:00")
    assert [*(counted := Work("fits")).over([4, 5])] == [4, 5]
    assert (counted.done, counted.total) == (2, 2)


def test_as_a_decorator():
    @working("adding")
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    assert (add(1, b=2), add.__name__, add.__doc__) == (3, "add", "Add.")
