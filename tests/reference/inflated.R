# Beta-binomial, zero-inflated and hurdle multilevel models by maximum likelihood (Laplace approximation).
# Run: Rscript tests/reference/inflated.R > tests/reference/inflated.json
# Needs lme4 (cbpp), glmmTMB (Salamanders), metadat (dat.bornmann2007) and jsonlite. README.md says how the
# output is read.

suppressPackageStartupMessages({
  library(lme4)
  library(glmmTMB)
  library(jsonlite)
})

data(cbpp, package = "lme4")
data(Salamanders, package = "glmmTMB")
data(dat.bornmann2007, package = "metadat")

# Two rows for each group of applicants: men and women, who got how many of how many grants.
wide <- dat.bornmann2007
grants <- data.frame(
  study = rep(wide$study, 2),
  gender = rep(c("M", "F"), each = nrow(wide)),
  awarded = c(wide$maward, wide$waward),
  applied = c(wide$mtotal, wide$wtotal)
)
grants$gender <- factor(grants$gender, levels = c("M", "F"))

tight <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-11))
counts <- count ~ mined + DOP + (1 | site)
models <- list(
  cbpp = glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, betabinomial, control = tight),
  grants = glmmTMB(cbind(awarded, applied - awarded) ~ gender + (1 | study), grants, betabinomial, control = tight),
  salamanders_zip = glmmTMB(counts, Salamanders, poisson, ziformula = ~1, control = tight),
  salamanders_zinb = glmmTMB(counts, Salamanders, nbinom2, ziformula = ~1, control = tight),
  salamanders_hurdle = glmmTMB(counts, Salamanders, truncated_poisson, ziformula = ~1, control = tight)
)

# R writes `period2` and `minedno` where hierbayes writes `period[2]` and `mined[no]`.
term_name <- function(name) {
  if (name == "(Intercept)") return("Intercept")
  sub("^(period|mined|gender)(.+)$", "\\1[\\2]", name)
}

named <- function(values) {
  names(values) <- vapply(names(values), term_name, "")
  as.list(values)
}

# log p(y | b, u) at the estimates and the conditional modes, all constants included.
conditional <- function(model) {
  mu <- predict(model, type = "conditional")
  y <- model.response(model.frame(model))
  share <- plogis(fixef(model)$zi)
  family <- family(model)$family
  if (family == "betabinomial") {
    n <- rowSums(y)
    s <- y[, 1]
    a <- mu * sigma(model)
    b <- (1 - mu) * sigma(model)
    return(sum(lchoose(n, s) + lbeta(s + a, n - s + b) - lbeta(a, b)))
  }
  if (family == "truncated_poisson") {
    # `mu` is the mean of the positive counts here; the rate is what the linear predictor gives.
    rate <- exp(predict(model, type = "link"))
    positive <- log1p(-share) + dpois(y, rate, log = TRUE) - log(-expm1(-rate))
    return(sum(ifelse(y == 0, log(share), positive)))
  }
  own <- if (family == "poisson") dpois(y, mu, log = TRUE) else dnbinom(y, size = sigma(model), mu = mu, log = TRUE)
  sum(ifelse(y == 0, log(share + (1 - share) * exp(own)), log1p(-share) + own))
}

describe <- function(model) {
  effects <- ranef(model, condVar = FALSE)$cond
  spread <- VarCorr(model)$cond
  errors <- sqrt(diag(vcov(model)$cond))
  names(errors) <- names(fixef(model)$cond)
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
    family = family(model)$family,
    b = named(fixef(model)$cond),
    se = named(errors),
    groups = setNames(lapply(names(effects), group), names(effects)),
    logLik = as.numeric(logLik(model)),
    conditional = conditional(model),
    n = nobs(model)
  )
  if (result$family %in% c("betabinomial", "nbinom2")) result$phi <- sigma(model)
  if (length(fixef(model)$zi)) result$zero <- unname(plogis(fixef(model)$zi))
  result
}

plain <- function(frame) lapply(frame, function(column) if (is.factor(column)) as.character(column) else column)

result <- list(
  software = list(
    R = R.version.string,
    lme4 = as.character(packageVersion("lme4")),
    glmmTMB = as.character(packageVersion("glmmTMB"))
  ),
  data = list(
    salamanders = plain(Salamanders[c("count", "mined", "DOP", "site")]),
    grants = plain(grants)
  ),
  models = lapply(models, describe)
)
cat(toJSON(result, auto_unbox = TRUE, digits = 12, null = "null"), "\n")
