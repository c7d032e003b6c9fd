# Models with several linear predictors by maximum likelihood: a residual sd that depends on columns, and
# unordered categories.
# Run: Rscript tests/reference/predictors.R > tests/reference/predictors.json
# Needs mlmRev, glmmTMB, nlme, nnet and jsonlite. README.md says how the output is read.

suppressPackageStartupMessages({
  library(glmmTMB)
  library(nlme)
  library(nnet)
  library(jsonlite)
})

data(Exam, package = "mlmRev")
data(Contraception, package = "mlmRev")

# R writes `sexM` where hierbayes writes `sex[M]`.
term_name <- function(name) {
  if (name == "(Intercept)") return("Intercept")
  sub("^(sex|urban)(.+)$", "\\1[\\2]", name)
}
named <- function(values) {
  names(values) <- vapply(names(values), term_name, "")
  as.list(values)
}

tmb <- glmmTMB(normexam ~ standLRT + (1 | school), Exam, dispformula = ~ sex + standLRT)
modes <- ranef(tmb)$cond$school
# Up to some version the coefficients are of the log variance, later of the log sd: the fitted density tells.
eta <- as.numeric(model.matrix(~ sex + standLRT, Exam) %*% fixef(tmb)$disp)
fitted_density <- function(sds) sum(dnorm(Exam$normexam, fitted(tmb), sds, log = TRUE))
half <- if (fitted_density(exp(eta)) > fitted_density(exp(eta / 2))) 1 else 0.5

lme_fit <- lme(
  normexam ~ standLRT, Exam, ~ 1 | school, weights = varIdent(form = ~ 1 | sex), method = "ML",
  control = lmeControl(tolerance = 1e-10, msTol = 1e-12)
)
ratios <- coef(lme_fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)

categories <- multinom(
  livch ~ age + urban, Contraception, reltol = 1e-14, abstol = 1e-14, maxit = 1000, trace = FALSE
)
estimates <- coef(categories)

output <- list(
  versions = list(
    R = paste(R.version$major, R.version$minor, sep = "."),
    glmmTMB = as.character(packageVersion("glmmTMB")), nlme = as.character(packageVersion("nlme")),
    nnet = as.character(packageVersion("nnet"))
  ),
  glmmTMB = list(
    b = named(fixef(tmb)$cond),
    b_sigma = named(half * fixef(tmb)$disp),
    sd = as.numeric(attr(VarCorr(tmb)$cond$school, "stddev")),
    levels = rownames(modes), ranef = modes[[1]],
    conditional = fitted_density(exp(half * eta)), logLik = as.numeric(logLik(tmb))
  ),
  lme = list(
    b = named(fixef(lme_fit)),
    sigma = as.list(lme_fit$sigma * ratios),
    sd = as.numeric(VarCorr(lme_fit)["(Intercept)", "StdDev"]),
    levels = rownames(ranef(lme_fit)), ranef = ranef(lme_fit)[[1]],
    conditional = sum(dnorm(resid(lme_fit), 0, lme_fit$sigma * ratios[as.character(Exam$sex)], log = TRUE))
  ),
  multinom = list(
    b = lapply(setNames(rownames(estimates), rownames(estimates)), function(k) named(estimates[k, ])),
    logLik = as.numeric(logLik(categories))
  )
)
cat(toJSON(output, auto_unbox = TRUE, digits = 12, pretty = TRUE), "\n")
