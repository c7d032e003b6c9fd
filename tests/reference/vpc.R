# Variance partition coefficients of 0/1 outcomes in lme4, for tests/estimates/test_vpc_definitions.py:
# the linear model of the same 0/1 responses (method C of Goldstein, Browne and Rasbash 2002), and shares of a
# logistic model by adaptive integration (stats::integrate).
# Rscript tests/reference/vpc.R
suppressMessages({library(lme4); library(jsonlite); library(mlmRev)})
d <- Contraception
d$use01 <- as.numeric(d$use == "Y")
d$ch <- factor(d$livch != "0", labels = c("N", "Y"))
share <- function(f) {
  m <- lmer(f, d)
  v <- as.data.frame(VarCorr(m))$vcov
  v[1] / sum(v)
}
integrated <- function(eta, variance) {
  mean_of <- function(g) integrate(function(z) g(plogis(eta + sqrt(variance) * z)) * dnorm(z), -Inf, Inf,
                                   rel.tol = 1e-12)$value
  m <- mean_of(identity)
  (mean_of(function(p) p^2) - m^2) / (m * (1 - m))
}
points <- expand.grid(eta = c(-3, -0.5, 1), variance = c(0.05, 1.464, 6.76))
points$share <- mapply(integrated, points$eta, points$variance)
null <- glmer(use01 ~ 1 + (1 | district), d, binomial, control = glmerControl(optCtrl = list(maxfun = 1e5)))
full <- glmer(use01 ~ age * ch + I(age^2) + urban + (1 | urban:district), d, binomial,
              control = glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e6)))
write_json(list(
  R = R.version.string, lme4 = as.character(packageVersion("lme4")),
  linear = list(null = share(use01 ~ 1 + (1 | district)),
                m_05 = share(use01 ~ age * ch + I(age^2) + urban + (1 | urban:district))),
  null = list(b = unname(fixef(null)), sd = unname(sqrt(unlist(VarCorr(null))))),
  integrated = points
), "tests/reference/vpc.json", digits = 12, auto_unbox = TRUE, pretty = TRUE)
