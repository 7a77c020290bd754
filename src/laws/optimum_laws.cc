#include "laws/optimum_laws.h"

namespace isoflop::laws {
namespace {

AllocationOptions allocation_of(const FitOptions& options) {
  AllocationOptions law;
  law.level = options.level;
  law.draws = options.bootstrap;
  law.seed = options.seed;
  law.at = options.at_flops;
  if (options.resample == "rows" || options.resample == "groups") law.interval = AllocationInterval::rows;
  return law;
}

FitResult isoflop_of(const Observations& table, const FitOptions& options) {
  IsoflopOptions isoflop;
  isoflop.n_column = options.n_column;
  isoflop.loss_column = options.loss_column;
  isoflop.budgets = options.budgets;
  isoflop.minimum = options.minimum;
  isoflop.log_loss = options.residual == "log";
  isoflop.allow_repeated = options.allow_repeated;
  isoflop.law = allocation_of(options);
  return fit_isoflop(table, isoflop);
}

FitResult optima_of(const Observations& table, const FitOptions& options) {
  OptimaOptions optima;
  if (options.n_column != FitOptions{}.n_column) optima.n_column = options.n_column;  // else n_opt where the table has it
  optima.law = allocation_of(options);
  return fit_optima(table, optima);
}

FitResult envelope_of(const Observations& table, const FitOptions& options) {
  EnvelopeOptions envelope;
  envelope.n_column = options.n_column;
  envelope.loss_column = options.loss_column;
  envelope.allow_repeated = options.allow_repeated;
  envelope.law = allocation_of(options);
  return fit_envelope(table, envelope);
}

OptimumLaw law_of(const char* name, const char* of, const char* source,
                  FitResult (*fit)(const Observations&, const FitOptions&)) {
  OptimumLaw law{{name, std::string("N*(C) = k_n C^a, D*(C) = k_d C^b, L*(C) = e + k C^-c, ") + of, source}, fit};
  law.info.frontier = "flops";
  return law;
}

}  // namespace

const std::vector<OptimumLaw>& optimum_laws() {
  static const std::vector<OptimumLaw> kLaws{
      law_of("isoflop", "of the least loss at each budget", "Hoffmann et al. 2022 (arXiv:2203.15556), section 3.2", isoflop_of),
      law_of("optima", "of a table of optima", "Porian et al. 2024 (arXiv:2406.19146), section 2", optima_of),
      law_of("envelope", "of the lower envelope of training curves", "Hoffmann et al. 2022 (arXiv:2203.15556), section 3.1",
             envelope_of)};
  return kLaws;
}

const OptimumLaw* optimum_law(const std::string& name) {
  for (const OptimumLaw& law : optimum_laws())
    if (law.info.name == name) return &law;
  return nullptr;
}

}  // namespace isoflop::laws
