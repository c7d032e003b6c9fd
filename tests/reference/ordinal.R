# Cumulative models of the wine data by maximum likelihood: with judges (adaptive quadrature) and without.
# Run: Rscript tests/reference/ordinal.R > tests/reference/ordinal.json
# Needs ordinal and jsonlite. README.md says how the output is read.

suppressPackageStartupMessages({
  library(ordinal)
  library(jsonlite)
})

data(wine, package = "ordinal")
links <- c("logit", "probit", "cloglog")

# R writes `tempwarm` where hierbayes writes `temp[warm]`.
named <- function(values) {
  names(values) <- sub("^(temp|contact)(.+)$", "\\1[\\2]", names(values))
  as.list(values)
}

errors <- function(model, names) {
  found <- sqrt(diag(vcov(model)))[names]
  names(found) <- names
  found
}

distribution <- list(logit = plogis, probit = pnorm, cloglog = function(t) 1 - exp(-exp(t)))

# log p(y | b, u) at the estimates and the conditional modes.
conditional <- function(model, link) {
  eta <- model.matrix(~ temp + contact, wine)[, -1] %*% model$beta + model$ranef[as.integer(wine$judge)]
  ends <- c(-Inf, model$alpha, Inf)
  k <- as.integer(wine$rating)
  F <- distribution[[link]]
  sum(log(F(ends[k + 1] - eta) - F(ends[k] - eta)))
}

# clmm of this version has cloglog and loglog the wrong way round: with link = "loglog" it gives the likelihood
# of F(t) = 1 - exp(-exp(t)), which clm calls cloglog.
clmm_link <- c(logit = "logit", probit = "probit", cloglog = "loglog")

describe <- function(link) {
  model <- clmm(
    rating ~ temp + contact + (1 | judge), data = wine, link = clmm_link[[link]], nAGQ = 20,
    control = clmm.control(gradTol = 1e-9)
  )
  single <- clm(rating ~ temp + contact, data = wine, link = link, control = clm.control(gradTol = 1e-10))
  list(
    n = nrow(wine),
    cutpoints = as.list(model$alpha),
    b = named(model$beta),
    se = c(as.list(errors(model, names(model$alpha))), named(errors(model, names(model$beta)))),
    groups = list(judge = list(
      n_groups = nlevels(wine$judge), sd = as.numeric(attr(VarCorr(model)$judge, "stddev")),
      levels = levels(wine$judge), ranef = as.numeric(model$ranef)
    )),
    logLik = as.numeric(logLik(model)),
    conditional = conditional(model, link),
    single_level = list(
      cutpoints = as.list(single$alpha), b = named(single$beta),
      se = c(as.list(errors(single, names(single$alpha))), named(errors(single, names(single$beta)))),
      logLik = as.numeric(logLik(single))
    )
  )
}

models <- setNames(lapply(links, describe), links)
versions <- list(R = R.version.string, ordinal = as.character(packageVersion("ordinal")))
cat(toJSON(list(versions = versions, models = models), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
