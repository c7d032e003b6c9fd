# Maximum-likelihood and REML fits of Gaussian models, for tests/kernels/test_lme4.py; writes collapsed.json beside this file.
# Run with:  Rscript tests/reference/collapsed.R
suppressPackageStartupMessages({library(lme4); library(jsonlite)})
data(Exam, package = "mlmRev")
data(Chem97, package = "mlmRev")

models <- list(
  exam_m1 = list(data = "exam", frame = Exam, formula = normexam ~ 1 + (1 | school)),
  exam_m2 = list(data = "exam", frame = Exam, formula = normexam ~ standLRT + (1 | school)),
  exam_m3 = list(data = "exam", frame = Exam, formula = normexam ~ standLRT + schgend + (1 | school)),
  exam_m4 = list(data = "exam", frame = Exam, formula = normexam ~ standLRT + schgend + (1 + standLRT | school)),
  sleepstudy = list(data = "sleepstudy", frame = sleepstudy, formula = Reaction ~ Days + (Days | Subject)),
  sleepstudy_zcp = list(data = "sleepstudy", frame = sleepstudy, formula = Reaction ~ Days + (Days || Subject)),
  dyestuff = list(data = "Dyestuff", frame = Dyestuff, formula = Yield ~ 1 + (1 | Batch)),
  dyestuff2 = list(data = "Dyestuff2", frame = Dyestuff2, formula = Yield ~ 1 + (1 | Batch)),
  penicillin = list(data = "Penicillin", frame = Penicillin, formula = diameter ~ 1 + (1 | plate) + (1 | sample)),
  pastes = list(data = "Pastes", frame = Pastes, formula = strength ~ 1 + (1 | batch/cask)),
  chem97 = list(data = "Chem97", frame = Chem97, formula = score ~ gcsecnt + (1 | lea/school))
)

fit <- function(entry, reml) {
  model <- lmer(entry$formula, entry$frame, REML = reml, control = lmerControl(
    optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-10, ftol_abs = 1e-10, maxeval = 1e5)
  ))
  parts <- as.data.frame(VarCorr(model), order = "lower.tri")
  sds <- parts[is.na(parts$var2) & parts$grp != "Residual", ]
  list(
    logLik = as.numeric(logLik(model)), sigma = sigma(model), b = unname(fixef(model)),
    groups = as.list(sub("\\.[0-9]+$", "", sds$grp)), terms = as.list(sds$var1), sd = as.list(sds$sdcor),
    cor = as.list(parts$sdcor[!is.na(parts$var2)])
  )
}

result <- lapply(models, function(entry) {
  y <- entry$frame[[all.vars(entry$formula)[1]]]
  list(
    data = entry$data, formula = paste(deparse(entry$formula, width.cutoff = 500), collapse = " "),
    n = nrow(entry$frame), mean = mean(y), sd = sd(y),
    reml = fit(entry, TRUE), ml = fit(entry, FALSE)
  )
})
here <- sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))
json <- toJSON(list(lme4 = as.character(packageVersion("lme4")), models = result), auto_unbox = TRUE, digits = 15, pretty = TRUE)
writeLines(json, file.path(dirname(here), "collapsed.json"))
