# The point estimate of lme4.
path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(path), "common.R"))
clock <- elapsed()
missing_package("lme4")
suppressMessages(library(lme4))
imported <- elapsed() - clock
frame <- read_frame(job$folder)
formula <- as.formula(job$formula)
invisible(gc(reset = TRUE))
families <- list(bernoulli = binomial, poisson = poisson)

clock <- elapsed()
fit <- if (job$family == "gaussian") lmer(formula, frame) else glmer(formula, frame, family = families[[job$family]])
seconds <- elapsed() - clock
stages <- list(import = imported, fit = seconds, process = as.numeric(Sys.time()) - job$started, peak_mb = peak_mb())

rows <- lapply(names(fixef(fit)), function(n) row_of("b", n, fixef(fit)[[n]]))
variances <- as.data.frame(VarCorr(fit))
for (k in seq_len(nrow(variances))) {
  v <- variances[k, ]
  rows[[length(rows) + 1]] <- if (v$grp == "Residual") row_of("family", "sigma", v$sdcor)
    else if (is.na(v$var2)) row_of("sd", c(v$grp, v$var1), v$sdcor)
    else row_of("cor", c(v$grp, v$var1, v$var2), v$sdcor)
}
answer(rows, stages, "lme4")
