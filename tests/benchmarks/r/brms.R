# brms with its own default priors; Stan compiles the model first.
path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(path), "common.R"))
clock <- elapsed()
missing_package("brms")
suppressMessages(library(brms))
imported <- elapsed() - clock
frame <- read_frame(job$folder)
families <- list(gaussian = gaussian(), bernoulli = bernoulli(), poisson = poisson())

clock <- elapsed()
empty <- brm(as.formula(job$formula), data = frame, family = families[[job$family]], chains = 0, silent = 2)
compiled <- elapsed() - clock
clock <- elapsed()
fit <- update(empty, recompile = FALSE, chains = job$chains, iter = job$tune + job$draws, warmup = job$tune,
              cores = job$cores, seed = job$seed, refresh = 0, silent = 2)
seconds <- elapsed() - clock
stages <- list(import = imported, compile = compiled, fit = seconds,
               process = as.numeric(Sys.time()) - job$started, peak_mb = peak_mb(),
               divergences = rstan::get_num_divergent(fit$fit),
               remark = sprintf("%d + %d draws", job$tune, job$draws))

draws <- as.array(fit$fit)
names <- dimnames(draws)[[3]]
rows <- list()
for (name in names) {
  parts <- strsplit(name, "__", fixed = TRUE)[[1]]
  kind <- sub("_.*", "", parts[1])
  parts[1] <- sub("^[a-z]+_", "", parts[1])
  parts <- gsub("E(?=[0-9])", "", parts, perl = TRUE)  # brms calls I(age^2) IageE2
  if (name == "sigma") kind <- "family"
  if (grepl("^r_", name)) kind <- "effect"
  if (kind %in% c("b", "sd", "cor", "family", "effect"))
    rows[[length(rows) + 1]] <- row_of(kind, if (kind == "effect") name else parts, draws[, , name])
}
answer(rows, stages, c("brms", "rstan"))
