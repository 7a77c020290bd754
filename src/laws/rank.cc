// Fits of one table in order: by what they predict, then by what they say of the rows.
#include <algorithm>

#include "laws/law.h"
#include "laws/published.h"

namespace isoflop {
namespace {

/// What the law of a fit is a law of; nothing for fits without a formula.
std::string response_of(const Fit& fit) {
  const std::string prefix = laws::kPublished;
  const std::string name = fit.law.starts_with(prefix) ? published_law(fit.law.substr(prefix.size())).law : fit.law;
  for (const laws::Law& law : laws::all_laws())
    if (law.info.name == name) return law.response;
  return "";
}

}  // namespace

std::vector<RankedFit> rank_fits(const std::vector<const Fit*>& fits) {
  std::vector<RankedFit> ranked;
  std::vector<std::string> responses;
  for (const Fit* fit : fits) responses.push_back(response_of(*fit));
  const auto comparable = [&](std::size_t a, std::size_t b) {
    return responses[a] == responses[b] && fits[a]->fitted == fits[b]->fitted && fits[a]->aicc && fits[b]->aicc;
  };
  for (std::size_t i = 0; i < fits.size(); ++i) {
    RankedFit r{.fit = i, .holdout = {}, .aicc = fits[i]->aicc, .bic = fits[i]->bic, .delta_aicc = {}};
    if (fits[i]->holdout) r.holdout = fits[i]->holdout->rmse_ln_loss;
    if (r.aicc) {
      double least = *r.aicc;
      for (std::size_t j = 0; j < fits.size(); ++j)
        if (comparable(i, j)) least = std::min(least, *fits[j]->aicc);
      r.delta_aicc = *r.aicc - least;
    }
    ranked.push_back(r);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [&](const RankedFit& a, const RankedFit& b) {
    if (a.holdout.has_value() != b.holdout.has_value()) return a.holdout.has_value();
    if (a.holdout && *a.holdout != *b.holdout) return *a.holdout < *b.holdout;
    if (a.delta_aicc.has_value() != b.delta_aicc.has_value()) return a.delta_aicc.has_value();
    const bool a_first = comparable(0, a.fit), b_first = comparable(0, b.fit);  // AICc of other rows says nothing of these
    if (a_first != b_first) return a_first;
    return a.delta_aicc && *a.delta_aicc < *b.delta_aicc;
  });
  return ranked;
}

}  // namespace isoflop
