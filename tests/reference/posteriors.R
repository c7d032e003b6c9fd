# Posteriors by Stan, through brms and rstanarm, for tests/slow/reference.py; writes posteriors.json beside this file.
#   python -m tests.slow.reference --csv FOLDER
#   Rscript tests/reference/posteriors.R FOLDER [CASE ...]
# FOLDER has the data of each case as CSV. brms compiles a Stan program for each model: half an hour in all, on one core.
suppressPackageStartupMessages({library(brms); library(rstanarm); library(jsonlite); library(posterior)})
# Debian keeps the headers of Boost outside of the package BH.
if (system.file("include", package = "BH") == "") rstan::rstan_options(boost_lib = "/usr/include")

here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
given <- commandArgs(trailingOnly = TRUE)
store <- file.path(here, "posteriors.json")
b <- function(prior, coef = "") set_prior(prior, class = "b", coef = coef)
sd <- function(prior, group = "", coef = "") set_prior(prior, class = "sd", group = group, coef = coef)
sigma <- function(prior) set_prior(prior, class = "sigma")
center <- function(prior) set_prior(prior, class = "Intercept")

m_05 <- use ~ age * ch + I(age^2) + urban + (1 | urban:district)
names_05 <- c(chY = "ch[Y]", IageE2 = "I(age^2)", `I(age^2)` = "I(age^2)", urbanY = "urban[Y]", `age:chY` = "age:ch[Y]")

# Priors are those of posteriordb's Stan programs of the same names, or the ones stated in tests/slow/reference_cases.py.
cases <- list(
  radon_variable_intercept = list(
    formula = log_radon ~ 0 + Intercept + floor + (1 | county), data = "radon",
    prior = c(b("normal(0, 10)"), sd("normal(0, 1)"), sigma("normal(0, 1)"))
  ),
  seeds_stanified = list(
    formula = y | trials(n) ~ 0 + Intercept + x1 * x2 + (1 | plate), family = binomial(), data = "seeds",
    prior = c(b("normal(0, 1)"), sd("cauchy(0, 1)"))
  ),
  rats = list(
    formula = weight ~ 0 + Intercept + age + (1 + age || rat), data = "rats",
    prior = c(b("normal(0, 100)"), sd(""), sigma(""))
  ),
  GLMM_Poisson = list(
    formula = count ~ 0 + Intercept + year + I(year^2) + I(year^3) + (1 | row), family = poisson(), data = "peregrines",
    prior = c(b("uniform(-10, 10)"), b("uniform(-20, 20)", "Intercept"), sd("uniform(0, 5)")),
    terms = c(IyearE2 = "I(year^2)", IyearE3 = "I(year^3)")
  ),
  dyestuff = list(
    formula = Yield ~ 1 + (1 | Batch), data = "dyestuff",
    prior = c(center("normal(1528, 155)"), sd("student_t(3, 0, 62)"), sigma("student_t(3, 0, 62)"))
  ),
  dyestuff2 = list(
    formula = Yield ~ 1 + (1 | Batch), data = "dyestuff2",
    prior = c(center("normal(5.7, 9)"), sd("student_t(3, 0, 3.7)"), sigma("student_t(3, 0, 3.7)"))
  ),
  penicillin = list(
    formula = diameter ~ 1 + (1 | plate) + (1 | sample), data = "penicillin",
    prior = c(center("normal(23, 5)"), sd("student_t(3, 0, 2)"), sigma("student_t(3, 0, 2)"))
  ),
  pastes = list(
    formula = strength ~ 1 + (1 | batch / cask), data = "pastes", effects = FALSE,
    prior = c(center("normal(60, 8)"), sd("student_t(3, 0, 3.2)"), sigma("student_t(3, 0, 3.2)"))
  ),
  sleepstudy = list(
    formula = Reaction ~ Days + (1 + Days | Subject), data = "sleepstudy",
    prior = c(
      center("normal(300, 140)"), b("normal(0, 50)"), sd("student_t(3, 0, 56)", "Subject", "Intercept"),
      sd("student_t(3, 0, 20)", "Subject", "Days"), set_prior("lkj(2)", class = "cor"), sigma("student_t(3, 0, 56)")
    )
  ),
  cbpp = list(
    formula = incidence | trials(size) ~ period + (1 | herd), family = binomial(), data = "cbpp",
    prior = c(center("normal(0, 1.8)"), b("normal(0, 6.4)"), sd("student_t(3, 0, 1.8)")),
    terms = setNames(sprintf("period[%d]", 2:4), sprintf("period%d", 2:4))
  ),
  contraception_brms = list(
    formula = m_05, family = bernoulli(), data = "contraception", effects = FALSE, terms = names_05, prior = NULL
  ),
  contraception_brms_slopes = list(
    formula = use ~ age + urban + (1 + urban | district), family = bernoulli(), data = "contraception", effects = FALSE,
    terms = names_05, prior = NULL
  ),
  contraception_rstanarm = list(formula = m_05, family = binomial(), data = "contraception", rstanarm = TRUE, terms = names_05)
)

read <- function(name) {
  frame <- read.csv(file.path(given[1], paste0(name, ".csv")), stringsAsFactors = TRUE, check.names = FALSE)
  for (column in intersect(c("period", "Subject"), names(frame))) frame[[column]] <- factor(frame[[column]])
  frame
}

renamed <- function(found, terms) {
  term <- function(x) ifelse(x %in% names(terms), terms[x], sub("^\\(?Intercept\\)?$", "Intercept", x))
  out <- sapply(found, function(x) {
    if (grepl("^b_", x)) sprintf("b[%s]", term(sub("^b_", "", x)))
    else if (grepl("^sd_", x)) sprintf("sd[%s][%s]", sub("^sd_(.*)__.*$", "\\1", x), term(sub("^.*__", "", x)))
    else if (grepl("^cor_", x)) sprintf("cor[%s]", sub("^cor_(.*?)__.*$", "\\1", x))
    else if (grepl("^r_", x)) sub("^r_(.*)\\[(.*),(.*)\\]$", "u[\\1][\\2][\\3]", x)
    else x
  })
  unname(out)
}

by_brms <- function(case, frame) {
  fit <- brm(case$formula, frame, family = case$family, prior = case$prior, chains = 4, warmup = case$warmup,
    iter = case$warmup + case$draws, cores = 1, seed = 20261126, refresh = 0, backend = "rstan",
    control = list(adapt_delta = case$adapt_delta, max_treedepth = 12))
  wanted <- paste0("^(b_|sd_|cor_|sigma$", if (!isFALSE(case$effects)) "|r_", ")")
  shown <- as.data.frame(prior_summary(fit))[, c("prior", "class", "coef", "group")]
  list(draws = subset_draws(as_draws_array(fit), grep(wanted, variables(fit), value = TRUE)), prior = shown[shown$prior != "", ],
    diverged = sum(subset(nuts_params(fit), Parameter == "divergent__")$Value))
}

by_rstanarm <- function(case, frame) {
  frame$use <- as.integer(frame$use == "Y")
  fit <- stan_glmer(case$formula, frame, family = case$family, chains = 4, warmup = case$warmup,
    iter = case$warmup + case$draws, cores = 1, seed = 20261126, refresh = 0, adapt_delta = case$adapt_delta)
  array <- as.array(fit)
  variance <- grep("^Sigma", dimnames(array)$parameters)
  array[, , variance] <- sqrt(array[, , variance])
  kept <- c(names(fixef(fit)), dimnames(array)$parameters[variance])
  group <- sub("^Sigma\\[(.*):\\(.*$", "\\1", dimnames(array)$parameters[variance])
  array <- array[, , kept]
  dimnames(array)[[3]] <- c(paste0("b_", names(fixef(fit))), sprintf("sd_%s__Intercept", group))
  shown <- prior_summary(fit)
  prior <- list(intercept = shown$prior_intercept[c("dist", "location", "scale")], b = shown$prior[c("dist", "location", "adjusted_scale")],
    covariance = shown$prior_covariance)
  prior$b$terms <- setdiff(names(fixef(fit)), "(Intercept)")
  list(draws = as_draws_array(array), prior = prior, diverged = sum(nuts_params(fit)[nuts_params(fit)$Parameter == "divergent__", "Value"]))
}

run <- function(name) {
  case <- c(cases[[name]], list(family = gaussian(), warmup = 1500, draws = 5000, adapt_delta = 0.98))
  case <- case[!duplicated(names(case))]
  how <- if (isTRUE(case$rstanarm)) by_rstanarm else by_brms
  found <- how(case, read(case$data))
  table <- summarise_draws(found$draws, mean, sd = stats::sd, mcse_mean, mcse_sd, ess_bulk, rhat)
  parameters <- lapply(seq_len(nrow(table)), function(i) as.list(table[i, c("mean", "sd", "mcse_mean", "mcse_sd")]))
  names(parameters) <- renamed(table$variable, case$terms)
  list(
    formula = paste(deparse(case$formula, width.cutoff = 500), collapse = " "), prior = found$prior,
    draws = ndraws(found$draws), divergences = found$diverged, r_hat = max(table$rhat), ess = min(table$ess_bulk),
    parameters = parameters
  )
}

for (name in if (length(given) > 1) given[-1] else names(cases)) {
  result <- run(name)
  kept <- if (file.exists(store)) fromJSON(store, simplifyVector = FALSE) else list(models = list())
  kept$software <- lapply(c(R = "base", brms = "brms", rstanarm = "rstanarm", rstan = "rstan"), function(x) as.character(packageVersion(x)))
  kept$models[[name]] <- result
  kept$models <- kept$models[intersect(names(cases), names(kept$models))]
  json <- toJSON(kept, auto_unbox = TRUE, digits = 7, pretty = TRUE, na = "null")
  writeLines(gsub("\\{\\s+(\"mean\"[^{}]*?)\\s+\\}", "{\\1}", gsub("\\n\\s+(\"(sd|mcse_mean|mcse_sd)\": [-0-9.e]+)", " \\1", json), perl = TRUE), store)
  cat(sprintf("%s: %d divergences, R-hat %.4f, ESS %.0f\n", name, result$divergences, result$r_hat, result$ess))
}
