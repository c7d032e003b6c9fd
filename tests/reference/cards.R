# The models of the cards beside exam and contraception, by maximum likelihood.
# Run: Rscript tests/reference/cards.R FOLDER > tests/reference/cards.json
# FOLDER has remission.csv, antenatal.csv and synthetic_pass.csv, hb.load_data(name).to_csv(..., index=False).
# Needs lme4, mlmRev and jsonlite. README.md says how the output is read.

suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})

for (name in c("Hsb82", "egsingle", "ScotsSec", "guPrenat")) data(list = name, package = "mlmRev")
folder <- commandArgs(trailingOnly = TRUE)[1]
twin <- function(name, factors) {
  frame <- read.csv(file.path(folder, paste0(name, ".csv")), stringsAsFactors = TRUE)
  frame[factors] <- lapply(frame[factors], factor)
  frame
}
guPrenat$birthOrd <- factor(guPrenat$birthOrd, ordered = FALSE)

cards <- list(
  remission = list(twin("remission", "DID"), "binomial", list(
    single = remission ~ LengthofStay,
    intercepts = remission ~ LengthofStay + (1 | DID),
    slopes = remission ~ LengthofStay + (1 + LengthofStay | DID)
  )),
  antenatal = list(twin("antenatal", "community"), "binomial", list(
    null = antemed ~ 1 + (1 | community),
    age = antemed ~ mage + (1 | community),
    urban = antemed ~ mage + urban + (1 | community)
  )),
  synthetic_pass = list(twin("synthetic_pass", "school"), "binomial", list(
    null = passed ~ 1 + (1 | school),
    full = passed ~ experience + funding + (1 | school)
  )),
  guatemala = list(guPrenat, "binomial", list(
    null = prenat ~ 1 + (1 | cluster),
    family = prenat ~ motherAge + birthOrd + momEd + husEd + (1 | cluster),
    community = prenat ~ motherAge + birthOrd + momEd + husEd + indig + pcInd81 + log(ssDist + 1) + (1 | cluster)
  )),
  hsb = list(Hsb82, "gaussian", list(
    null = mAch ~ 1 + (1 | school),
    pupils = mAch ~ ses + minrty + sx + (1 | school),
    context = mAch ~ cses + meanses + (1 | school),
    slopes = mAch ~ cses + meanses + sector + (1 + cses | school),
    interaction = mAch ~ cses * sector + cses * meanses + (1 + cses | school)
  )),
  sleepstudy = list(sleepstudy, "gaussian", list(
    intercepts = Reaction ~ Days + (1 | Subject),
    slopes = Reaction ~ Days + (1 + Days | Subject)
  )),
  egsingle = list(egsingle, "gaussian", list(
    null = math ~ 1 + (1 | schoolid / childid),
    growth = math ~ year + (1 + year | schoolid / childid),
    conditional = math ~ year * (black + hispanic + lowinc) + (1 + year | schoolid / childid)
  )),
  scotland = list(ScotsSec, "gaussian", list(
    null = attain ~ 1 + (1 | primary) + (1 | second),
    verbal = attain ~ verbal + (1 | primary) + (1 | second),
    pupils = attain ~ verbal + sex + social + (1 | primary) + (1 | second)
  ))
)

fit <- function(formula, data, family) {
  tight <- list(rhoend = 1e-9, maxfun = 1e5)
  quiet <- list(check.conv.grad = "ignore", check.conv.hess = "ignore", check.conv.singular = "ignore")
  if (is.null(findbars(formula))) return(glm(formula, data, family = family))
  if (family == "gaussian") {
    control <- do.call(lmerControl, c(list(optimizer = "bobyqa", optCtrl = tight), quiet))
    return(lmer(formula, data, REML = FALSE, control = control))
  }
  glmer(formula, data, family = family, control = do.call(glmerControl, c(list("bobyqa", optCtrl = tight), quiet)))
}

# R writes `sectorCatholic` where hierbayes writes `sector[Catholic]`, and the inner group of `a / b` first.
term_name <- function(name, data) {
  factors <- names(data)[vapply(data, is.factor, NA)]
  labels <- unlist(lapply(factors, function(f) setNames(paste0(f, "[", levels(data[[f]]), "]"), paste0(f, levels(data[[f]])))))
  parts <- strsplit(name, ":", fixed = TRUE)[[1]]
  parts[parts == "(Intercept)"] <- "Intercept"
  known <- parts %in% names(labels)
  parts[known] <- labels[parts[known]]
  paste(parts, collapse = ":")
}
named <- function(values, data) {
  names(values) <- vapply(names(values), term_name, "", data = data)
  as.list(values)
}
group_name <- function(name) paste(rev(strsplit(name, ":", fixed = TRUE)[[1]]), collapse = ":")

describe <- function(formula, data, family) {
  model <- fit(formula, data, family)
  table <- coef(summary(model))
  result <- list(
    formula = paste(deparse(formula, width.cutoff = 500), collapse = " "),
    b = named(setNames(table[, 1], rownames(table)), data),
    se = named(setNames(table[, 2], rownames(table)), data),
    logLik = as.numeric(logLik(model)),
    n = nobs(model)
  )
  if (inherits(model, "merMod")) {
    parts <- VarCorr(model)
    result$groups <- setNames(lapply(names(parts), function(group) {
      correlation <- attr(parts[[group]], "correlation")
      dimnames(correlation) <- NULL
      list(
        sd = named(attr(parts[[group]], "stddev"), data),
        cor = if (ncol(correlation) > 1) correlation else NULL,
        n_groups = unname(ngrps(model)[group])
      )
    }), vapply(names(parts), group_name, ""))
    if (family == "gaussian") result$sigma <- sigma(model)
  }
  result
}

output <- list(
  software = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
                  mlmRev = as.character(packageVersion("mlmRev"))),
  models = lapply(cards, function(card) lapply(card[[3]], describe, data = card[[1]], family = card[[2]]))
)
cat(toJSON(output, auto_unbox = TRUE, digits = 11, null = "null", pretty = TRUE), "\n", sep = "")
