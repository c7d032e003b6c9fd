# rstanarm with its own default priors.
path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(path), "common.R"))
clock <- elapsed()
missing_package("rstanarm")
suppressMessages(library(rstanarm))
imported <- elapsed() - clock
frame <- read_frame(job$folder)
formula <- as.formula(job$formula)
families <- list(bernoulli = binomial(), poisson = poisson())

settings <- list(formula, data = frame, chains = job$chains, iter = job$tune + job$draws, warmup = job$tune,
                 cores = job$cores, seed = job$seed, refresh = 0)
clock <- elapsed()
fit <- if (job$family == "gaussian") do.call(stan_lmer, settings) else
  do.call(stan_glmer, c(settings, list(family = families[[job$family]])))
seconds <- elapsed() - clock
stages <- list(import = imported, fit = seconds, process = as.numeric(Sys.time()) - job$started, peak_mb = peak_mb(),
               divergences = rstan::get_num_divergent(fit$stanfit),
               remark = sprintf("%d + %d draws", job$tune, job$draws))

draws <- as.array(fit$stanfit)
names <- dimnames(draws)[[3]]
column <- function(name) draws[, , name]
rows <- list()
add <- function(...) rows[[length(rows) + 1]] <<- row_of(...)
for (name in names(fixef(fit))) add("b", name, column(name))
if ("sigma" %in% names) add("family", "sigma", column("sigma"))
for (group in names(VarCorr(fit))) {
  terms <- colnames(VarCorr(fit)[[group]])
  entry <- function(i, j) {
    found <- intersect(names, sprintf("Sigma[%s:%s,%s]", group, c(i, j), c(j, i)))
    column(found[1])
  }
  for (i in seq_along(terms)) {
    add("sd", c(group, terms[i]), sqrt(entry(terms[i], terms[i])))
    for (j in seq_len(i - 1))
      add("cor", c(group, terms[j], terms[i]), entry(terms[i], terms[j]) /
            sqrt(entry(terms[i], terms[i]) * entry(terms[j], terms[j])))
  }
}
for (name in grep("^b\\[", names, value = TRUE)) if (!grepl("_NEW_", name)) add("effect", name, column(name))
answer(rows, stages, c("rstanarm", "rstan"))
