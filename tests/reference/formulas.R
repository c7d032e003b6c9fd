# What lme4 makes of formulas, for tests/design/test_formula_table.py; writes formulas.json beside this file.
# Run with:  Rscript tests/reference/formulas.R
suppressMessages({library(lme4); library(mlmRev); library(jsonlite); library(splines)})

Contraception$ch <- factor(ifelse(Contraception$livch == "0", "N", "Y"))
set.seed(3)
n <- 120
school <- rep(1:10, each = 12)
toy <- data.frame(
  y = round(rnorm(n), 3), x = round(rnorm(n), 3), z = round(runif(n, 0.5, 3), 3), k = rep(c(1L, 2L, 10L, 4L), n / 4),
  a = factor(rep(c("A", "B", "C"), length.out = n)),
  b = factor(rep(c("no", "yes", "no", "no", "yes"), length.out = n), levels = c("yes", "no")),
  flag = rep(c(TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, TRUE), length.out = n),
  school = factor(school), class = factor(rep(rep(1:3, each = 4), 10)), item = factor(rep(1:12, 10)),
  site = factor(c("s", "n", "w", "e")[(school - 1) %/% 3 + 1])
)
toy <- toy[-c(5:8, 50, 77), ]
frames <- list(exam = Exam, contraception = Contraception, hsb = Hsb82, sleepstudy = sleepstudy, toy = toy)

grammar1 <- list(
  exam = c(
    "normexam ~ 1 + (1 | school)",
    "normexam ~ standLRT + (1 | school)",
    "normexam ~ standLRT + schgend + (1 | school)",
    "normexam ~ standLRT + schgend + (1 + standLRT | school)",
    "normexam ~ standLRT * sex + (1 | school)",
    "normexam ~ standLRT * schgend + (standLRT | school)",
    "normexam ~ standLRT:schgend + (1 | school)",
    "normexam ~ 0 + schgend + standLRT + (1 | school)",
    "normexam ~ schgend - 1 + (1 | school)",
    "normexam ~ standLRT + I(standLRT^2) + I(standLRT^3) + (1 | school)",
    "normexam ~ standLRT * schavg * sex + (1 + standLRT | school)",
    "normexam ~ vr + intake + type + (1 | school)",
    "normexam ~ vr:intake + (1 | school)",
    "normexam ~ standLRT + (0 + standLRT | school)",
    "normexam ~ standLRT + (1 | school) + (0 + standLRT | school)",
    "normexam ~ standLRT + (sex | school)",
    "normexam ~ standLRT + (0 + sex | school)",
    "normexam ~ standLRT + (1 | school) + (1 | school:vr)",
    "normexam ~ standLRT + (1 | school:student)",
    "normexam ~ standLRT + (1 | school) + (1 | student)",
    "I(normexam * 10) ~ standLRT + (1 | school)",
    "normexam ~ standLRT * sex - sex + (1 | school)",
    "normexam ~ sex * schgend * intake + (1 | school)",
    "normexam ~ sex + standLRT + (sex + standLRT | school)",
    "normexam ~ sex * standLRT + (sex * standLRT | school)",
    "normexam ~ standLRT + (intake | school)",
    "normexam ~ 1 + sex:intake + intake + (-1 + intake | school)",
    "normexam ~ (standLRT + sex) * schgend + (1 | school)",
    "normexam ~ (standLRT + sex):schgend + (I(standLRT^2) | school)"
  ),
  contraception = c(
    "use ~ age + urban + livch + (1 | district)",
    "use ~ 1 + age + I(age^2) + urban + livch + (1 | district)",
    "use ~ 1 + age + I(age^2) + urban + ch + (1 | district)",
    "use ~ age * ch + I(age^2) + urban + (1 | district)",
    "use ~ age * ch + I(age^2) + urban + (1 | urban:district)",
    "use ~ age + (urban | district)",
    "use ~ age + (0 + urban | district)",
    "use ~ urban * livch + (1 | district)",
    "use ~ urban:livch + (1 | district)",
    "use ~ 0 + livch + age:urban + (1 | district)",
    "use ~ livch + (1 | district) + (1 | urban:district)",
    "use ~ age + (livch | district)",
    "use ~ (age + urban) * ch + (1 + age | district)",
    "use ~ age + (1 + age | urban:district)",
    "use ~ factor(livch) + age + (1 | district)"
  ),
  hsb = c(
    "mAch ~ 1 + (1 | school)",
    "mAch ~ ses + minrty + sx + (1 | school)",
    "mAch ~ meanses * cses + sector * cses + (1 + cses | school)",
    "mAch ~ ses:sector + (1 | school)",
    "mAch ~ I(ses - meanses) + meanses + (1 | school)",
    "mAch ~ I((ses - meanses) / 2) + sector + (1 | school)",
    "mAch ~ sx * minrty * sector + (ses | school)",
    "mAch ~ ses + (minrty + sx | school)",
    "mAch ~ 0 + sector + sector:cses + (1 | school)",
    "mAch ~ ses * sx - ses:sx + (0 + ses | school)"
  ),
  sleepstudy = c(
    "Reaction ~ Days + (Days | Subject)",
    "Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)",
    "Reaction ~ factor(Days) + (1 | Subject)",
    "Reaction ~ 1 + (1 | Subject) + (1 | Days)",
    "Reaction ~ Days + I(Days^2) + (1 + Days + I(Days^2) | Subject)",
    "Reaction ~ 0 + factor(Days) + (1 | Subject)",
    "Reaction ~ Days + (0 + factor(Days) | Subject)",
    "I(Reaction / 1000) ~ Days - 1 + (Days - 1 | Subject)"
  ),
  toy = c(
    "y ~ a * b * x + (1 | school)",
    "y ~ flag + (flag | item)",
    "y ~ flag:x + a:flag + (1 | item)",
    "y ~ factor(k) * x + (1 | school) + (1 | item)",
    "y ~ x + (1 | school) + (1 | school:class)",
    "y ~ x + (1 | site) + (1 | site:school) + (1 | site:school:class)",
    "y ~ x + (x | school) + (z | item)",
    "y ~ a + (a | school)",
    "y ~ a + (0 + a:x | school)",
    "y ~ a + (1 + x * z | school)",
    "y ~ a * b + (a:b | school)",
    "y ~ a + b + a:b:x + (1 | item:class)",
    "y ~ x + (factor(k) | item)",
    "y ~ I(x * z) + I(x / z) + I(-x + 2 * z^2) + (1 | school)",
    "y ~ 0 + a:b + (1 | school)",
    "y ~ a:x + b:x + (1 | school) + (0 + x | school) + (0 + z | school)"
  )
)
grammar2 <- list(
  exam = c(
    "normexam ~ (standLRT + sex + schgend)^2 + (1 | school)",
    "normexam ~ standLRT + (standLRT || school)",
    "normexam ~ standLRT + schavg + (standLRT + schavg || school)",
    "normexam ~ poly(standLRT, 2) + (1 | school)",
    "normexam ~ scale(standLRT) * sex + (1 | school)",
    "normexam ~ sex / standLRT + (1 | school)",
    "normexam ~ schgend / sex + (1 | school)",
    "normexam ~ standLRT + (1 | school / student)",
    "normexam ~ ns(standLRT, df = 4) + (1 | school)",
    "normexam ~ scale(standLRT, scale = FALSE) + (scale(standLRT, scale = FALSE) | school)",
    "normexam ~ cut(standLRT, c(-Inf, -1, 0, 1, Inf)) + (1 | school)",
    "normexam ~ cut(standLRT, 4) * sex + (1 | school)",
    "normexam ~ standLRT + (1 | school) + (standLRT | school)",
    "normexam ~ ordered(vr, levels = c('bottom 25%', 'mid 50%', 'top 25%')) + (1 | school)"
  ),
  contraception = c(
    "use ~ poly(age, 2) * ch + urban + (1 | district)",
    "use ~ age + (age || district)",
    "use ~ scale(age) + I(scale(age)^2) + (1 | district)",
    "use ~ age + (1 | district / urban)",
    "use ~ urban %in% livch + (1 | district)",
    "use ~ (age + ch + urban)^3 + (1 | urban:district)",
    "use ~ ordered(livch) * age + (1 | district)",
    "use ~ I(age > 3 & urban == 'Y') + (1 | district)",
    "use ~ bs(age, knots = c(-5, 5)) + (1 | district)"
  ),
  sleepstudy = c(
    "log(Reaction) ~ Days + (Days | Subject)",
    "Reaction ~ Days + (Days || Subject)",
    "Reaction ~ poly(Days, 2) + (poly(Days, 2) | Subject)",
    "Reaction ~ log(Days + 1) + (1 | Subject)",
    "Reaction ~ Days + offset(2 * Days) + (1 | Subject)",
    "Reaction ~ bs(Days, df = 4) + (1 | Subject)",
    "sqrt(Reaction) ~ sqrt(Days) + (0 + Days || Subject)",
    "Reaction ~ ordered(Days) + (1 | Subject)",
    "Reaction ~ cut(Days, c(0, 3, 9), include.lowest = TRUE) + (cut(Days, c(0, 3, 9), include.lowest = TRUE) | Subject)",
    "Reaction ~ cut(Days, c(0, 3, 6)) + (1 | Subject)"
  ),
  toy = c(
    "y ~ a / b + (1 | school)",
    "y ~ a / x + (x | school / class)",
    "y ~ a / b / x + (1 | site / school / class)",
    "y ~ (a + b) / x + (1 | school)",
    "y ~ a + b %in% a + (1 | school)",
    "y ~ (a + b + x)^2 - a:b + (1 | school)",
    "y ~ (a + b)^3 + (1 | school)",
    "y ~ log(z) * a + (log(z) | school)",
    "y ~ exp(x) + sqrt(z) + abs(x) + (1 | school)",
    "y ~ log(z + 1) + (1 | item)",
    "y ~ x + offset(z) + (1 | school)",
    "y ~ x + offset(log(z)) + offset(x) + (1 | school)",
    "y ~ poly(x, 3) + (1 | school)",
    "y ~ poly(z, 2, raw = TRUE) + (1 | school)",
    "y ~ poly(x, 2):a + (1 | school)",
    "y ~ scale(x) + scale(z):b + (scale(x) || school)",
    "y ~ x + z + (x + z || school)",
    "y ~ x + z + (0 + x + z || school / class)",
    "y ~ x + (1 | school) + (0 + x:z || item)",
    "log(z) ~ x * flag + (1 | school / item)",
    "y ~ bs(x, df = 5) + (1 | school)",
    "y ~ ns(z, df = 3) * b + (1 | school)",
    "y ~ poly(x, 2) / b + (poly(x, 2) | item)",
    "y ~ (scale(x) + b)^2 + (1 + b || school)",
    "y ~ ordered(a) / x + (ordered(a) | school)",
    "y ~ C(a, poly) + C(b, sum) + (1 | school)",
    "y ~ ordered(k):b + (1 | item)",
    "y ~ factor(site, levels = c('w', 's', 'e', 'n')) + x + (1 | school)",
    "y ~ ns(z, knots = c(1, 1.5)) * b + (ns(z, knots = 1.2) | school)",
    "y ~ bs(x, knots = 0, degree = 2, Boundary.knots = c(-4, 4)) + (1 | school)",
    "y ~ I(!(x > 0) & z < 1 & flag) + (1 | school)",
    "y ~ cut(x, c(-Inf, 0, Inf), right = FALSE, labels = c('low', 'high')):z + (1 | school)",
    "y ~ x + (0 + cut(z, c(0, 1, 2, 3)) | school)",
    "y ~ x + (x | school) + (0 + x || school) + (1 | item)"
  )
)

# The columns of X as parts, one per variable of the term, in the names of hierbayes: `schgend[boys]` for R's
# `schgendboys`; numbers, poly() and splines have R's names. `factors` of terms() says 1 for contrasts and 2 for
# indicators. Pasted together in R's way, the parts must give the names of X.
part <- function(v, mark, is_factor = FALSE) {
  ours <- if (is_factor) sprintf("%s[%s]", v, c("TRUE" = "True", "FALSE" = "False", setNames(mark, mark))[[mark]]) else paste0(v, mark)
  list(r = paste0(v, mark), ours = ours)
}
columns <- function(fixed, frame, X) {
  tt <- terms(fixed, data = frame)
  coding <- attr(tt, "factors")
  first <- !attr(tt, "intercept")
  per_term <- lapply(attr(tt, "term.labels"), function(label) {
    used <- rownames(coding)[coding[, label] > 0]
    pieces <- lapply(used, function(v) {
      value <- frame[[v]]
      if (is.matrix(value)) return(lapply(if (is.null(colnames(value))) "" else colnames(value), part, v = v))
      if (is.numeric(value)) return(list(part(v, "")))
      if (is.logical(value) && startsWith(v, "I(")) return(list(list(r = paste0(v, "TRUE"), ours = v)))
      whole <- coding[v, label] == 2 || first
      first <<- FALSE
      marks <- if (is.logical(value)) c("FALSE", "TRUE") else levels(factor(value))
      coded <- if (is.factor(value)) contrasts(value) else contrasts(factor(marks))
      shown <- if (whole) marks else if (is.null(colnames(coded))) as.character(seq_len(ncol(coded))) else colnames(coded)
      lapply(shown, part, v = v, is_factor = TRUE)
    })
    cells <- expand.grid(lapply(pieces, seq_along))
    lapply(seq_len(nrow(cells)), function(r) Map(function(p, k) p[[k]], pieces, as.list(unname(unlist(cells[r, ])))))
  })
  all <- unlist(per_term, recursive = FALSE)
  if (attr(tt, "intercept")) all <- c(list(list(list(r = "(Intercept)", ours = "Intercept"))), all)
  pasted <- vapply(all, function(parts) paste(vapply(parts, `[[`, "", "r"), collapse = ":"), "")
  if (!identical(pasted, colnames(X))) stop(deparse1(fixed), ": ", toString(pasted), " / ", toString(colnames(X)))
  lapply(all, function(parts) I(vapply(unname(parts), `[[`, "", "ours")))
}

ignore <- c("check.nobs.vs.nRE", "check.nobs.vs.nlev", "check.nobs.vs.rankZ", "check.rankX", "check.scaleX", "check.nlev.gtr.1")
control <- function(make) do.call(make, setNames(as.list(rep("ignore", length(ignore))), ignore))

describe <- function(text, data) {
  frame <- frames[[data]]
  formula <- as.formula(text)
  f <- if (data == "contraception") glFormula(formula, frame, binomial, control = control(glmerControl)) else
    lFormula(formula, frame, control = control(lmerControl))
  re <- f$reTrms
  counts <- vapply(re$flist, nlevels, 1L)
  offset <- model.offset(f$fr)
  list(
    data = data, formula = text, names = I(colnames(f$X)), columns = columns(nobars(formula)[-2], f$fr, f$X),
    sums = I(unname(colSums(f$X))), squares = I(unname(colSums(f$X^2))),
    groups = lapply(seq_along(re$cnms), function(i) {
      q <- length(re$cnms[[i]])
      sums <- matrix(Matrix::rowSums(re$Ztlist[[i]]), nrow = q)
      name <- names(re$cnms)[i]
      list(factor = name, columns = I(all.vars(str2lang(name))), levels = unname(counts[name]), terms = I(re$cnms[[i]]), sums = I(rowSums(sums)))
    }),
    theta = length(re$theta), offset = if (is.null(offset)) 0 else sum(offset)
  )
}
table <- function(rows) unlist(Map(function(texts, data) lapply(texts, describe, data), rows, names(rows)), recursive = FALSE, use.names = FALSE)

plain <- toy
plain[c("a", "b", "site")] <- lapply(toy[c("a", "b", "site")], as.character)
plain[c("school", "class", "item")] <- lapply(toy[c("school", "class", "item")], function(f) as.integer(as.character(f)))
write_json(
  list(
    r = R.version.string, lme4 = as.character(packageVersion("lme4")), toy = as.list(plain),
    levels = lapply(toy[c("a", "b", "site")], levels), grammar1 = table(grammar1), grammar2 = table(grammar2)
  ),
  "tests/reference/formulas.json", digits = NA, auto_unbox = TRUE
)
