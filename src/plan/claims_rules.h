// What follows from what: the rules by which a text's numbers are recomputed. Claims checker only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/claims.h"
#include "plan/claims_arithmetic.h"
#include "plan/claims_text.h"
#include "plan/models.h"

namespace isoflop::plan {

inline constexpr double kLeastTolerance = .006, kMostTolerance = .15;

/// A unit of the last digit as written, relative; a number of one digit is not worth more than a tenth.
[[nodiscard]] double tolerance_of(const Quantity& q);
/// What the rounding of an input allows.
[[nodiscard]] double slack_of(const Quantity& q);
[[nodiscard]] double log10_of(double x);

struct TableRow {
  std::int64_t line = 1;
  std::vector<std::string> cells;
  std::string written;
};
struct Table {
  std::vector<std::string> header;
  std::vector<TableRow> rows;
};

/// Reads a document in order and keeps what was said of the present subject.
class Checker {
 public:
  Checker(const std::string& text, std::string file);

  void begin_subject(bool heading);  ///< what was said of the last one no longer holds
  void blank_line();
  void prose(std::int64_t line, const std::string& written);
  void table(const Table& table);
  void finish();
  [[nodiscard]] std::vector<Claim> take();

 private:
  /// What is known of the subject: the last number of each kind, and where it stood.
  struct Known {
    Quantity q;
    std::int64_t line = 0;
  };
  using Numbers = std::vector<Quantity>;

  struct Scene {
    std::int64_t line = 1;
    std::string written, text;  ///< as written; normalised
    Numbers numbers;
    bool row = false;       ///< of a table: nothing is taken from the lines before
    std::string row_model;  ///< the row's name
  };

  // one number of a kind that a claim at `position` can rest on
  [[nodiscard]] std::optional<Quantity> input(const Scene& scene, Kind kind, std::size_t position,
                                              bool recommended = false) const;
  [[nodiscard]] std::optional<Quantity> compute_of(const Scene& scene,
                                                   std::size_t position) const;  ///< 6 N D, else the C that is stated
  [[nodiscard]] double active_of(const Scene& scene, double params) const;       ///< per token, of a known mixture of experts
  [[nodiscard]] bool compute_is_old(const Scene& scene) const;  ///< all that is known of it stands in an earlier paragraph
  [[nodiscard]] std::optional<double> peak_of(const Scene& scene) const;
  [[nodiscard]] std::vector<const KnownModel*> models_of(const Scene& scene) const;
  [[nodiscard]] double scene_mfu(const Scene& scene) const;

  void remember(const Scene& scene);
  void remember_accelerator(const Scene& scene);
  [[nodiscard]] static bool spoken_of(const Scene& scene, const KnownModel& model);  ///< in the scene itself, not only before it
  [[nodiscard]] static bool speaks_for_itself(const Scene& scene);
  void check(const Scene& scene);
  std::vector<std::pair<std::size_t, std::size_t>> arithmetic(const Scene& scene);  ///< where its terms stand
  void check_equality(const Scene& scene, const Equality& e);
  void symbolic(const Scene& scene);
  void compute(const Scene& scene, const Quantity& q);
  void ratio(const Scene& scene, const Quantity& q);
  void device_time(const Scene& scene, const Quantity& q);
  void duration(const Scene& scene, const Quantity& q);
  void money(const Scene& scene, const Quantity& q);
  void steps(const Scene& scene, const Quantity& q);
  void weights(const Scene& scene, const Quantity& q);
  void utilisation(const Scene& scene, const Quantity& q);
  void recommended(const Scene& scene, const Quantity& q);
  [[nodiscard]] static bool called_optimal(const Scene& scene);  ///< the sentence says that its tokens are the rule's
  void times_recommended(const Scene& scene, const Quantity& q);
  void between_two(const Scene& scene, const Quantity& q);
  void power_law(const Scene& scene);
  void exponents(const Scene& scene);
  void text_size(const Scene& scene);
  void peak(const Scene& scene, const Quantity& q);
  void facts(const Scene& scene, const Quantity& q);
  void known_statements(const Scene& scene);
  void share_line(const Scene& scene);
  void end_of_shares();
  void shares(const std::vector<double>& percents, std::int64_t line, const std::string& written);
  void widths(const Table& table);
  void losses(const Table& table);
  void fitted_formula();

  void say(const Scene& scene, const std::string& kind, double claimed, double computed, double tolerance, const std::string& how,
           bool own_text);
  void add(const Scene& scene, const std::string& kind, std::optional<double> claimed, std::optional<double> computed,
           ClaimVerdict verdict, const std::string& explanation);
  [[nodiscard]] bool judged(const Scene& scene, double claimed) const;

  std::string file_;
  bool japanese_ = false, speaks_of_rule_ = false, new_paragraph_ = true;
  std::int64_t paragraph_ = 1;  ///< the line the present one begins on
  std::map<Kind, Known> known_;
  std::vector<Quantity> block_;       ///< all numbers since the subject began
  std::optional<Known> accelerator_;  ///< its peak: holds until the next heading
  std::string subject_words_;         ///< the text of the subject so far: whose model it is
  std::optional<Value> carried_;
  std::map<char, double> exponent_;  ///< N, D, C: of L ~ x^-alpha, as the document states them
  struct FittedFormula {
    std::int64_t line;
    std::string written;
    double coefficient, exponent;
  };
  std::optional<FittedFormula> formula_;
  std::vector<std::pair<double, double>> losses_;  ///< (N, loss) of a table
  struct Drop {
    Scene scene;
    double factor, claimed;
  };
  std::vector<Drop> drops_;
  std::vector<double> shares_;
  std::int64_t shares_line_ = 0;
  std::string shares_written_;
  std::vector<Claim> claims_;
};

}  // namespace isoflop::plan
