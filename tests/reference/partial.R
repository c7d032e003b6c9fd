# Censored regressions without groups, and a multilevel meta-analysis with known standard errors.
# Run: Rscript tests/reference/partial.R > tests/reference/partial.json
# Needs survival, metafor with metadat, mlmRev and jsonlite. README.md says how the output is read.

suppressPackageStartupMessages({
  library(survival)
  library(metafor)
  library(jsonlite)
})

data(Exam, package = "mlmRev")
tight <- survreg.control(rel.tolerance = 1e-14, maxiter = 100)

# Right-censored at 1, and between two limits: left-censored at -1, in intervals of 0.5 from 0 to 1, right-
# censored at 1.
right <- survreg(
  Surv(pmin(normexam, 1), normexam < 1) ~ standLRT, Exam, dist = "gaussian", control = tight
)
low <- with(Exam, ifelse(normexam <= -1, NA, ifelse(normexam >= 0, pmin(floor(2 * normexam) / 2, 1), normexam)))
high <- with(Exam, ifelse(normexam >= 1, NA, ifelse(normexam >= 0, floor(2 * normexam) / 2 + 0.5, pmax(normexam, -1))))
mixed <- survreg(
  Surv(low, high, type = "interval2") ~ standLRT, Exam, dist = "gaussian", control = tight
)

censored <- function(fit) {
  list(
    b = setNames(as.list(coef(fit)), c("Intercept", "standLRT")),
    se = as.list(unname(sqrt(diag(vcov(fit))[1:2]))),
    sigma = fit$scale, logLik = fit$loglik[2], n = length(fit$linear.predictors)
  )
}

# Konstantopoulos (2011): effects of modified school calendars, 56 schools of 11 districts.
schools <- dat.konstantopoulos2011
meta <- lapply(c(reml = "REML", ml = "ML"), function(method) {
  fit <- rma.mv(
    yi, vi, random = ~ 1 | district / school, data = schools, method = method,
    control = list(rel.tol = 1e-10)
  )
  list(b = as.numeric(fit$beta), se = fit$se, sd = sqrt(fit$sigma2), logLik = as.numeric(logLik(fit)))
})

cat(toJSON(
  list(
    versions = list(
      R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
      metafor = as.character(packageVersion("metafor"))
    ),
    right = censored(right),
    mixed = censored(mixed),
    meta = meta,
    schools = list(
      district = as.character(schools$district), school = as.character(schools$school),
      yi = as.numeric(schools$yi), vi = as.numeric(schools$vi)
    )
  ),
  auto_unbox = TRUE, digits = 15, pretty = TRUE
), "\n")
