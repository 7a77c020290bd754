// Information criteria of a fit, from the likelihood its objective states.
#pragma once

#include <vector>

#include "laws/law.h"

namespace isoflop::laws {

/// -2 ln of the likelihood of the responses, at its best scale.
///
/// Source   an objective sum_i rho(r_i) / tau is minus the log-likelihood of residuals of density exp(-rho(r) / tau) / Z(tau):
/// normal
///          for lsq, Laplace's for lad, Huber's own between; tau is estimated. Of residuals of ln y the density of y is that over
///          y, so that laws whose residuals are of y compare.
/// Needs    `objective_sum` and the residuals' count; weights enter as shares of their mean.
/// Result   nothing for a perfect fit, whose likelihood has no bound.
[[nodiscard]] std::optional<double> deviance_of(const Objective& objective, double objective_sum, double mean_weight,
                                                std::int64_t rows, double sum_ln_response);

/// Akaike's (1974), corrected for few rows (Hurvich and Tsai 1989), and Schwarz's (1978), of `constants` and the scale.
struct Criteria {
  std::optional<double> aicc, bic;
};
[[nodiscard]] Criteria criteria_of(std::optional<double> deviance, std::int64_t rows, std::int64_t constants);

}  // namespace isoflop::laws
