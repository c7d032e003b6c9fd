# Binomial, Poisson and negative binomial multilevel models by maximum likelihood (Laplace approximation).
# Run: Rscript tests/reference/counts.R > tests/reference/counts.json
# Needs lme4, mlmRev, glmmTMB and jsonlite. README.md says how the output is read.

suppressPackageStartupMessages({
  library(lme4)
  library(glmmTMB)
  library(jsonlite)
})

data(cbpp, package = "lme4")
data(grouseticks, package = "lme4")
data(Mmmec, package = "mlmRev")

# The tolerance of the penalized least squares is tighter than lme4's default, with which the log likelihood of
# cbpp is 3e-4 off its own formula.
tight <- glmerControl(
  tolPwrss = 1e-13,
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), check.conv.grad = "ignore",
  check.conv.hess = "ignore"
)

models <- list(
  cbpp = glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, tight),
  mmmec = glmer(deaths ~ uvb + offset(log(expected)) + (1 | nation) + (1 | region), Mmmec, poisson, tight),
  mmmec_negbinomial = glmmTMB(
    deaths ~ uvb + offset(log(expected)) + (1 | nation) + (1 | region), Mmmec, nbinom2
  ),
  grouseticks = glmer(
    TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION), grouseticks, poisson, tight
  )
)

# R writes `period2` where hierbayes writes `period[2]`.
term_name <- function(name) {
  if (name == "(Intercept)") return("Intercept")
  sub("^(period|YEAR)(.+)$", "\\1[\\2]", name)
}

named <- function(values) {
  names(values) <- vapply(names(values), term_name, "")
  as.list(values)
}

# log p(y | b, u) at the estimates and the conditional modes, all constants included.
conditional <- function(model) {
  mu <- fitted(model)
  if (inherits(model, "glmmTMB")) {
    sum(dnbinom(model.response(model.frame(model)), size = sigma(model), mu = mu, log = TRUE))
  } else if (family(model)$family == "binomial") {
    y <- model.response(model.frame(model))
    sum(dbinom(y[, 1], rowSums(y), mu, log = TRUE))
  } else {
    sum(dpois(model.response(model.frame(model)), mu, log = TRUE))
  }
}

describe <- function(model) {
  tmb <- inherits(model, "glmmTMB")
  estimates <- if (tmb) fixef(model)$cond else fixef(model)
  errors <- sqrt(diag(if (tmb) vcov(model)$cond else as.matrix(vcov(model))))
  names(errors) <- names(estimates)
  spread <- if (tmb) VarCorr(model)$cond else VarCorr(model)
  effects <- if (tmb) ranef(model, condVar = FALSE)$cond else ranef(model, condVar = FALSE)
  group <- function(name) {
    list(
      sd = unname(attr(spread[[name]], "stddev")),
      n_groups = nrow(effects[[name]]),
      levels = rownames(effects[[name]]),
      ranef = effects[[name]][[1]]
    )
  }
  result <- list(
    formula = paste(deparse(formula(model), width.cutoff = 500), collapse = " "),
    b = named(estimates),
    se = named(errors),
    groups = setNames(lapply(names(effects), group), names(effects)),
    logLik = as.numeric(logLik(model)),
    conditional = conditional(model),
    n = nobs(model)
  )
  if (tmb) result$phi <- sigma(model)
  result
}

result <- list(
  software = list(
    R = R.version.string,
    lme4 = as.character(packageVersion("lme4")),
    mlmRev = as.character(packageVersion("mlmRev")),
    glmmTMB = as.character(packageVersion("glmmTMB"))
  ),
  models = lapply(models, describe)
)
cat(toJSON(result, auto_unbox = TRUE, digits = 12, pretty = TRUE, null = "null"), "\n")
