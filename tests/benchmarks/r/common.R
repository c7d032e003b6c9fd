# What the R scripts share: the data as prepare.py wrote them, and the answer as runner.py reads it.
# Arguments: folder, formula, family, draws, tune (or NA), chains, cores, seed, started, out

arguments <- commandArgs(trailingOnly = TRUE)
job <- setNames(as.list(arguments),
                c("folder", "formula", "family", "draws", "tune", "chains", "cores", "seed", "started", "out"))
for (name in c("draws", "tune", "chains", "cores", "seed", "started"))
  job[[name]] <- suppressWarnings(as.numeric(job[[name]]))
if (is.na(job$tune)) job$tune <- 1000

read_frame <- function(folder) {
  manifest <- read.csv(file.path(folder, "manifest.csv"), stringsAsFactors = FALSE)
  columns <- list()
  for (k in seq_len(nrow(manifest))) {
    name <- manifest$column[k]
    path <- file.path(folder, paste0(name, ".bin"))
    factor <- manifest$kind[k] == "factor"
    width <- if (factor) 4 else 8
    values <- readBin(path, if (factor) "integer" else "double", file.size(path) / width, size = width)
    if (factor) values <- factor(values, seq_along(lv <- readLines(file.path(folder, paste0(name, ".levels")))), lv)
    columns[[name]] <- values
  }
  as.data.frame(columns)
}

elapsed <- function() proc.time()[["elapsed"]]

peak_mb <- function() {
  line <- grep("^VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

# One row: kind (b, sd, cor, family, effect), up to three parts of the name, and statistics of draws, a matrix of
# iterations by chains; a single number is a point estimate.
row_of <- function(kind, parts, draws) {
  parts <- c(parts, "", "", "")[1:3]
  if (length(draws) == 1)
    return(data.frame(kind, a = parts[1], b = parts[2], c = parts[3], mean = draws, sd = NA, mcse = NA,
                      ess_bulk = NA, ess_tail = NA, r_hat = NA))
  bulk <- rstan::ess_bulk(draws)
  data.frame(kind, a = parts[1], b = parts[2], c = parts[3], mean = mean(draws), sd = sd(draws),
             mcse = sd(draws) / sqrt(bulk), ess_bulk = bulk, ess_tail = rstan::ess_tail(draws),
             r_hat = rstan::Rhat(draws))
}

answer <- function(rows, stages, packages) {
  stages$versions <- paste(c(R = paste(R.version$major, R.version$minor, sep = "."),
                             sapply(packages, function(p) as.character(packageVersion(p)))), collapse = " ")
  stages$names <- paste(c("R", packages), collapse = " ")
  write.csv(do.call(rbind, rows), paste0(job$out, ".parameters.csv"), row.names = FALSE)
  write.csv(data.frame(key = names(stages), value = unlist(stages)), paste0(job$out, ".stages.csv"),
            row.names = FALSE)
}

missing_package <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) {
    cat("not installed\n")
    quit(status = 77)
  }
}
