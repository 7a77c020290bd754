// A study's values -> its figures, as values. What is drawn is decided here; how, in svg.cc.
#pragma once

#include <string>
#include <vector>

#include "isoflop/report.h"

namespace isoflop::report {

[[nodiscard]] std::string n_words(const std::string& convention);  ///< "all parameters", ...
[[nodiscard]] std::string n_short(const std::string& convention);  ///< "all", "without embeddings", ...
[[nodiscard]] std::string loss_words(const std::string& kind);     ///< "held-out loss", "training loss", ...
[[nodiscard]] std::string equation(const Fit& fit);                ///< "L = 20.78 · N^−0.12886", plain text
[[nodiscard]] std::string percent(double level);                   ///< "95 %"

[[nodiscard]] Figure loss_figure(const LawView& law, const std::vector<Baseline>& baselines, const std::string& id);
[[nodiscard]] Figure residual_figure(const LawView& law);
[[nodiscard]] Figure curves_figure(const StudyReport& study);
[[nodiscard]] bool has_curves(const StudyReport& study);

/// Means over about `bins` equal steps of ln tokens: what a curve shows at its width, and no more noise than that.
[[nodiscard]] std::vector<FigurePoint> thin_curve(const std::vector<StepRecord>& steps, int bins);

}  // namespace isoflop::report
