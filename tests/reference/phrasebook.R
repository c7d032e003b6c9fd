# Figures of notebooks/07_from_lme4_and_brms.ipynb. From the root of the repository:
#   Rscript tests/reference/phrasebook.R
# Writes phrasebook.json beside this file. brms compiles two Stan programs: some minutes.
library(lme4)
library(brms)
library(jsonlite)

data(Exam, Contraception, Hsb82, package = "mlmRev")
Contraception$ch <- factor(ifelse(Contraception$livch == "0", "N", "Y"))
m4 <- normexam ~ standLRT + schgend + (1 + standLRT | school)
m_05 <- use ~ age * ch + I(age^2) + urban + (1 | urban:district)

point <- function(fit) {
  se <- sqrt(diag(as.matrix(vcov(fit))))
  list(
    b = as.list(fixef(fit)),
    se = as.list(setNames(se, names(fixef(fit)))),
    sd = lapply(VarCorr(fit), function(v) as.list(attr(v, "stddev"))),
    cor = lapply(VarCorr(fit), function(v) attr(v, "correlation")[upper.tri(attr(v, "correlation"))]),
    sigma = if (isLMM(fit)) sigma(fit) else NULL,
    log_lik = as.numeric(logLik(fit)),
    messages = fit@optinfo$conv$lme4$messages
  )
}

draws <- function(fit) {
  shown <- posterior_summary(fit)
  shown <- shown[grepl("^(b_|sd_|cor_|sigma)", rownames(shown)), ]
  rows <- lapply(rownames(shown), function(name) as.list(shown[name, ]))
  setNames(rows, rownames(shown))
}

run <- function(formula, data, ...) {
  fit <- brm(formula, data, chains = 4, iter = 2000, cores = 1, seed = 1, refresh = 0, ...)
  diverged <- subset(nuts_params(fit), Parameter == "divergent__")$Value
  list(priors = as.data.frame(prior_summary(fit))[, c("prior", "class", "coef", "group")],
    posterior = draws(fit), divergences = sum(diverged), r_hat = max(rhat(fit), na.rm = TRUE),
    seconds = sum(rstan::get_elapsed_time(fit$fit)))
}

write_json(list(
  software = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
    brms = as.character(packageVersion("brms")), rstan = as.character(packageVersion("rstan"))),
  exam_m4 = list(
    ml = point(lmer(m4, Exam, REML = FALSE)), reml = point(lmer(m4, Exam)),
    brms = run(m4, Exam)
  ),
  exam_m2 = list(
    ml = point(lmer(normexam ~ standLRT + (1 | school), Exam, REML = FALSE)),
    reml = point(lmer(normexam ~ standLRT + (1 | school), Exam))
  ),
  exam_m3 = list(ml = point(lmer(normexam ~ standLRT + schgend + (1 | school), Exam, REML = FALSE))),
  contraception_m_03 = list(
    ml = point(glmer(use ~ 1 + age + I(age^2) + urban + ch + (1 | district), Contraception, binomial))
  ),
  contraception_m_05 = list(
    ml = point(glmer(m_05, Contraception, binomial)),
    brms = run(m_05, Contraception, family = bernoulli())
  ),
  hsb_null = list(reml = point(lmer(mAch ~ 1 + (1 | school), Hsb82))),
  dyestuff2 = list(reml = point(lmer(Yield ~ 1 + (1 | Batch), Dyestuff2)))
), "tests/reference/phrasebook.json", auto_unbox = TRUE, digits = 10, pretty = TRUE)
