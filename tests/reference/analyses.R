# Parts B (Contraception) and C (Exam) of the reference analyses, by maximum likelihood.
# Run: Rscript tests/reference/analyses.R > tests/reference/lme4.json
# Needs lme4, mlmRev and jsonlite. The output is what tests compare with; README.md says how it is read.

suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})

data(Exam, package = "mlmRev")
data(Contraception, package = "mlmRev")
Contraception$ch <- factor(ifelse(Contraception$livch == "0", "N", "Y"))

models <- list(
  exam = list(
    data = Exam, family = "gaussian", formulas = list(
      mlr = normexam ~ standLRT + sex,
      m1 = normexam ~ 1 + (1 | school),
      m2 = normexam ~ standLRT + (1 | school),
      m3 = normexam ~ standLRT + schgend + (1 | school),
      m4 = normexam ~ standLRT + schgend + (1 + standLRT | school)
    )
  ),
  contraception = list(
    data = Contraception, family = "bernoulli", formulas = list(
      m_00 = use ~ age + urban + livch,
      m_01 = use ~ 1 + age + urban + livch + (1 | district),
      m_02 = use ~ 1 + age + I(age^2) + urban + livch + (1 | district),
      m_03 = use ~ 1 + age + I(age^2) + urban + ch + (1 | district),
      m_04 = use ~ age * ch + I(age^2) + urban + (1 | district),
      m_05 = use ~ age * ch + I(age^2) + urban + (1 | urban:district)
    )
  )
)

fit <- function(formula, data, family) {
  grouped <- length(lme4::findbars(formula)) > 0
  # The tolerances are tighter than lme4's defaults, which stop glmer's Nelder-Mead some 1e-5 short of the maximum on
  # these badly scaled columns; nAGQ = 1 is the Laplace approximation that the published figures use.
  tight <- list(xtol_abs = 1e-12, ftol_abs = 1e-12, maxeval = 1e5)
  if (grouped && family == "gaussian") {
    lmer(formula, data, REML = FALSE, control = lmerControl(optimizer = "nloptwrap", optCtrl = tight))
  } else if (grouped) {
    glmer(formula, data, family = binomial, control = glmerControl(
      optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), check.conv.grad = "ignore",
      check.conv.hess = "ignore"
    ))
  } else if (family == "gaussian") {
    lm(formula, data)
  } else {
    glm(formula, data, family = binomial)
  }
}

# R writes `schgendboys` where hierbayes writes `schgend[boys]`.
term_name <- function(name, data) {
  one <- function(part) {
    if (part == "(Intercept)") return("Intercept")
    for (column in names(data)) {
      if (!is.factor(data[[column]])) next
      for (level in levels(data[[column]])) {
        if (part == paste0(column, level)) return(paste0(column, "[", level, "]"))
      }
    }
    part
  }
  paste(vapply(strsplit(name, ":", fixed = TRUE)[[1]], one, ""), collapse = ":")
}

named <- function(values, data) {
  names(values) <- vapply(names(values), term_name, "", data = data)
  as.list(values)
}

group_term <- function(model, group, data) {
  covariance <- VarCorr(model)[[group]]
  effects <- ranef(model, condVar = FALSE)[[group]]
  correlation <- attr(covariance, "correlation")
  dimnames(correlation) <- NULL
  list(
    sd = named(attr(covariance, "stddev"), data),
    cor = if (ncol(correlation) > 1) correlation else NULL,
    n_groups = nrow(effects),
    # Every group of a small table would be too much to read: the whole is there, labels in lme4's order.
    levels = rownames(effects),
    ranef = named(effects, data)
  )
}

describe <- function(model, formula, data) {
  grouped <- inherits(model, "merMod")
  table <- coef(summary(model))
  result <- list(
    formula = paste(deparse(formula, width.cutoff = 500), collapse = " "),
    b = named(setNames(table[, 1], rownames(table)), data),
    se = named(setNames(table[, 2], rownames(table)), data),
    logLik = as.numeric(logLik(model)),
    df = attr(logLik(model), "df"),
    n = nobs(model)
  )
  if (grouped) {
    groups <- names(ranef(model, condVar = FALSE))
    result$groups <- setNames(lapply(groups, group_term, model = model, data = data), groups)
  }
  if (family(model)$family == "gaussian") {
    # The maximum-likelihood sd; lm's own divides by n - p.
    result$sigma <- if (grouped) sigma(model) else sqrt(mean(residuals(model)^2))
  }
  result
}

run <- function(entry) {
  lapply(entry$formulas, function(formula) {
    describe(fit(formula, entry$data, entry$family), formula, entry$data)
  })
}

result <- list(
  software = list(
    R = R.version.string,
    lme4 = as.character(packageVersion("lme4")),
    mlmRev = as.character(packageVersion("mlmRev"))
  ),
  models = lapply(models, run)
)
cat(toJSON(result, auto_unbox = TRUE, digits = 10, pretty = TRUE, null = "null"), "\n")
