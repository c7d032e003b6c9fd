# Gamma, Gaussian with a log link, lognormal, Student, beta, Weibull and exponential models by maximum likelihood (grouped
# ones by the Laplace approximation).
# Run: Rscript tests/reference/continuous.R FOLDER > tests/reference/continuous.json
# FOLDER holds GasolineYield.csv (R package betareg) and veteran.csv (R package survival). Needs lme4, glmmTMB,
# survival and jsonlite. README.md says how the output is read.

suppressPackageStartupMessages({
  library(lme4)
  library(glmmTMB)
  library(survival)
  library(jsonlite)
})

data(sleepstudy, package = "lme4")
folder <- commandArgs(trailingOnly = TRUE)[1]
gasoline <- read.csv(file.path(folder, "GasolineYield.csv"), stringsAsFactors = FALSE)
gasoline$batch <- factor(gasoline$batch)
died <- subset(read.csv(file.path(folder, "veteran.csv"), stringsAsFactors = FALSE), status == 1)

tight <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-12))
models <- list(
  gamma = glmmTMB(Reaction ~ Days + (1 | Subject), sleepstudy, Gamma("log"), control = tight),
  gaussian_log = glmmTMB(Reaction ~ Days + (1 | Subject), sleepstudy, gaussian("log"), control = tight),
  lognormal = glmmTMB(log(Reaction) ~ Days + (1 | Subject), sleepstudy, gaussian(), control = tight),
  student = glmmTMB(
    Reaction ~ Days + (Days | Subject), sleepstudy, t_family(), control = tight, start = list(psi = log(4))
  ),
  beta = glmmTMB(yield ~ temp + (1 | batch), gasoline, beta_family(), control = tight)
)
single <- list(
  weibull = survreg(Surv(time, status) ~ karno + trt, died, dist = "weibull", rel.tolerance = 1e-12),
  exponential = survreg(Surv(time, status) ~ karno + trt, died, dist = "exponential", rel.tolerance = 1e-12),
  gamma_inverse = glm(time ~ karno + trt, Gamma("inverse"), died, control = glm.control(1e-14, 100))
)

named <- function(values) {
  names(values) <- sub("(Intercept)", "Intercept", names(values), fixed = TRUE)
  as.list(values)
}

response <- function(model) model.response(model.frame(model))

# log p(y | b, u) at the estimates and the conditional modes, all constants included.
conditional <- list(
  gamma = function(y, mu, s) dgamma(y, shape = 1 / s^2, scale = mu * s^2, log = TRUE),
  gaussian_log = function(y, mu, s) dnorm(y, mu, s, log = TRUE),
  lognormal = function(y, mu, s) dlnorm(exp(y), mu, s, log = TRUE),
  student = function(y, mu, s, nu) dt((y - mu) / s, nu, log = TRUE) - log(s),
  beta = function(y, mu, s) dbeta(y, mu * s, (1 - mu) * s, log = TRUE)
)
parameters <- list(
  gamma = function(s) list(shape = 1 / s^2), gaussian_log = function(s) list(sigma = s),
  lognormal = function(s) list(sigma = s), student = function(s, nu) list(sigma = s, nu = nu),
  beta = function(s) list(phi = s)
)

grouped <- lapply(names(models), function(name) {
  model <- models[[name]]
  group <- names(ranef(model)$cond)
  modes <- ranef(model)$cond[[group]]
  s <- sigma(model)
  nu <- if (name == "student") unname(exp(model$fit$par[["psi"]])) else NULL
  arguments <- c(list(s), nu)
  list(
    n = nobs(model), logLik = as.numeric(logLik(model)), b = named(fixef(model)$cond),
    se = named(sqrt(diag(vcov(model)$cond))),
    groups = setNames(list(list(
      n_groups = nrow(modes), sd = I(unname(attr(VarCorr(model)$cond[[group]], "stddev"))),
      levels = I(rownames(modes)), ranef = unname(as.matrix(modes))
    )), group),
    parameters = do.call(parameters[[name]], arguments),
    conditional = sum(do.call(conditional[[name]], c(list(response(model), predict(model, type = "response")), arguments)))
  )
})
names(grouped) <- names(models)

# survreg's linear predictor is the logarithm of the Weibull scale; the mean is Gamma(1 + scale) times that.
of_survreg <- function(model) {
  b <- coef(model)
  b[1] <- b[1] + lgamma(1 + model$scale)
  shape <- if (model$dist == "weibull") list(shape = 1 / model$scale) else setNames(list(), character())
  list(n = nrow(died), logLik = model$loglik[2], b = named(b), parameters = shape, conditional = model$loglik[2])
}
plain <- lapply(single[1:2], of_survreg)
inverse <- single$gamma_inverse
shape <- MASS::gamma.shape(inverse, it.lim = 100, eps.max = 1e-12)$alpha
plain$gamma_inverse <- list(
  n = nrow(died), b = named(coef(inverse)), parameters = list(shape = shape),
  conditional = sum(dgamma(died$time, shape = shape, scale = fitted(inverse) / shape, log = TRUE))
)

versions <- sapply(c("lme4", "glmmTMB", "survival"), function(p) as.character(packageVersion(p)))
cat(toJSON(list(
  software = paste0(R.version.string, ", ", paste(names(versions), versions, collapse = ", ")),
  models = c(grouped, plain)
), auto_unbox = TRUE, digits = 15, pretty = TRUE), "\n")
