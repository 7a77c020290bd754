// Mixture laws inside: the formulas over packs of rows, their minimum, and the regression trees beside them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isoflop/mixture.h"
#include "laws/law.h"
#include "laws/minimise.h"

namespace isoflop::laws {

[[nodiscard]] std::string share_column(const std::string& domain);
[[nodiscard]] std::string loss_column(const std::string& target);
/// Shares by name.
[[nodiscard]] Mixture named(const std::vector<std::string>& domains, const std::vector<double>& shares);
[[nodiscard]] MixtureTable rows_of(const MixtureTable& table, const std::vector<std::size_t>& rows);

// of a seed's permutation that chooses some rows
inline constexpr std::uint64_t kSubsetKey = 0x4d0001;

/// Rows as the formulas read them: a column of each share, then ln N and ln D where the form has them. Filled up with copies of
/// the last row that weigh nothing.
struct MixtureRows {
  std::int64_t count = 0;
  std::vector<std::vector<double>> inputs;
  std::vector<double> loss, weight;
  std::vector<std::int64_t> unit;  ///< of each row: runs of one mixture are one unit
  std::int64_t units = 0;

  [[nodiscard]] std::int64_t padded() const { return static_cast<std::int64_t>(loss.size()); }
  [[nodiscard]] std::vector<double> row(std::int64_t i) const;  ///< inputs of it
};

/// One formula over `domains` shares. Parameters, in order:
///
/// log_linear  c, then u_j = k + t_j: shares sum to 1, so that k and t are not told apart otherwise
/// linear      a_j
/// additive    E, ln C_j, ln g_j, then ln A, ln alpha and ln B, ln beta where N and D are read
class MixtureForm {
 public:
  enum class Kind { log_linear, linear, additive };
  MixtureForm(Kind kind, std::size_t domains, bool params = false, bool tokens = false)
      : kind_(kind), domains_(domains), params_(params && kind == Kind::additive), tokens_(tokens && kind == Kind::additive) {}

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::size_t domains() const { return domains_; }
  [[nodiscard]] bool reads_params() const { return params_; }
  [[nodiscard]] bool reads_tokens() const { return tokens_; }
  [[nodiscard]] std::size_t inputs() const { return domains_ + (params_ ? 1 : 0) + (tokens_ ? 1 : 0); }
  [[nodiscard]] std::size_t size() const;
  /// The first parameter is a floor, not below 0.
  [[nodiscard]] bool has_floor() const { return kind_ != Kind::linear; }
  /// Parameters [first, last) that the ridge draws to their mean.
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> blocks() const;

  /// L_hat of four rows, and its gradient by the parameters if asked.
  void evaluate(const std::vector<double>& theta, const Pack* x, Pack& value, Pack* gradient) const;
  /// Of one row of inputs; `slope` (domains) by the shares if asked, at a share of 0 that of a share just above.
  [[nodiscard]] double value(const std::vector<double>& theta, const std::vector<double>& x, double* slope = nullptr) const;

  /// Constants by name, t summing to 0.
  [[nodiscard]] std::map<std::string, double> constants(const std::vector<double>& theta,
                                                        const std::vector<std::string>& domains) const;
  [[nodiscard]] std::vector<std::vector<double>> starts(const MixtureRows& rows) const;

 private:
  Kind kind_;
  std::size_t domains_;
  bool params_, tokens_;
};

/// Throws   Error{usage} naming the nearest law; nothing for `trees`.
[[nodiscard]] std::optional<MixtureForm::Kind> mixture_kind(const std::string& law);
[[nodiscard]] MixtureForm form_of(const MixtureModel& model, const MixtureFit& fit);

struct MixtureMinimum {
  std::vector<double> theta;
  double value = 0;           ///< of the objective, the ridge in it
  double gradient_norm = 0;
  Minimum::Stop stop = Minimum::Stop::no_start;
};

/// Levenberg and Marquardt's steps on reweighted least squares: sum of w rho(L - L_hat) + ridge / 2 sum of squares about the
/// blocks' means.
[[nodiscard]] MixtureMinimum minimise(const MixtureForm& form, const MixtureRows& rows, const Objective& objective, double ridge,
                                      std::vector<double> start, std::int64_t iterations = 200);

/// From every start; the best, and how many agree with it to 1e-6.
struct MixtureSearch {
  MixtureMinimum best;
  std::int64_t starts = 0, agreeing = 0;
};
[[nodiscard]] MixtureSearch search(const MixtureForm& form, const MixtureRows& rows, const Objective& objective, double ridge);

/// Trees that each fit what those before leave of the loss, by least squares (Friedman 2001). Ties go to the first domain and
/// lowest threshold.
struct BoostedTrees {
  double base = 0;
  std::vector<RegressionTree> trees;
};
[[nodiscard]] BoostedTrees boost(const MixtureRows& rows, std::size_t domains, const TreeOptions& options);
[[nodiscard]] double tree_value(double base, const std::vector<RegressionTree>& trees, const double* x);

/// The shares of a mixture in the model's order, then ln N and ln D as the form reads them. Throws Error{usage}.
[[nodiscard]] std::vector<double> inputs_of(const MixtureModel& model, const MixtureFit& fit, const Mixture& mixture,
                                            std::optional<double> params, std::optional<double> tokens);

}  // namespace isoflop::laws
