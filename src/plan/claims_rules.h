// What follows from what: the rules by which a text's numbers are recomputed. Claims checker only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/claims.h"
#include "isoflop/cost.h"
#include "plan/claims_arithmetic.h"
#include "plan/claims_grids.h"
#include "plan/claims_relations.h"
#include "plan/claims_text.h"
#include "plan/models.h"

namespace isoflop::plan {

/// Relative. kUnitTolerance: a unit of the last digit counts for so much at most, unless half of it is more.
inline constexpr double kLeastTolerance = .006, kUnitTolerance = .05, kAboutTolerance = .05, kMostTolerance = .15;

inline constexpr double kLargestPeak = 5e15;  ///< FLOP/s of a device; what is more is a cluster's

inline constexpr std::size_t kLongestMemory = 96;  ///< numbers, rows
inline constexpr std::size_t kMostNumbers = 48;    ///< of a sentence; more are a listing

/// Drops the oldest beyond what is remembered; returns how many.
template <class T>
std::size_t drop_old(std::vector<T>& all) {
  const std::size_t old = all.size() > kLongestMemory ? all.size() - kLongestMemory : 0;
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(old));
  return old;
}

/// What the last digit as written stands for.
[[nodiscard]] double tolerance_of(const Quantity& q);
/// What the rounding of an input allows.
[[nodiscard]] double slack_of(const Quantity& q);
[[nodiscard]] double log10_of(double x);

[[nodiscard]] inline bool is_wrong(const Claim& c) {
  return c.verdict != ClaimVerdict::agrees && c.verdict != ClaimVerdict::cannot_check;
}

/// FLOP/s of a device.
struct Peak {
  double value = 0;
  bool achieved = false;  ///< measured: no utilisation beside it
};

/// A published model where a text names it.
struct Mention {
  const KnownModel* model = nullptr;
  std::size_t position = 0, length = 0;
};
[[nodiscard]] std::vector<Mention> mentions_of_models(const std::string& text);

/// Reads a document in order and keeps what was said of the present subject.
class Checker {
 public:
  Checker(const std::string& text, std::string file);

  void begin_subject(bool heading);  ///< what was said of the last one no longer holds
  void blank_line();
  void prose(std::int64_t line, const std::vector<std::string>& written);  ///< one line, or those of a wrapped paragraph
  void table(Table table);
  void finish();
  [[nodiscard]] std::vector<Claim> take();

 private:
  /// What is known of the subject: the last number of each kind, and where it stood.
  struct Known {
    Quantity q;
    std::int64_t line = 0;
    bool surroundings = false;  ///< machines, prices: outlives the model that is spoken of
    bool foreign = false;       ///< of a published model beside the text's own
  };
  using Numbers = std::vector<Quantity>;

  struct ColumnSum {
    Kind kind;
    double sum;
    bool stated;  ///< the table has its own total
  };
  struct Scene {
    std::int64_t line = 1;
    std::string written, text;  ///< as written; normalised
    Numbers numbers;
    std::vector<std::pair<std::size_t, std::int64_t>> starts = {};  ///< where in the text further lines begin
    bool row = false;                                               ///< of a table: nothing is taken from the lines before
    std::string row_model = {};                                     ///< the row's name
    Numbers counts = {};                                            ///< the row's nodes, runs, seeds
    std::vector<Mention> models = {};                               ///< published ones that its text names
  };

  /// One number of a kind that a claim at `position` can rest on: of its own sentence; else the nearest of the paragraph; else
  /// the one value that the subject has.
  [[nodiscard]] std::optional<Quantity> input(const Scene& scene, Kind kind, std::size_t position, bool recommended = false);
  [[nodiscard]] std::optional<Quantity> recall(const Scene& scene, Kind kind);
  [[nodiscard]] const Known* of_document(const Scene& scene) const;          ///< the size of the model that the document is about
  [[nodiscard]] const Known* only_one(const Scene& scene, Kind kind) const;  ///< the one value that the document has
  void remember_only(const Known& known);
  [[nodiscard]] const Known* of_row(const Scene& scene, Kind kind, std::size_t position) const;  ///< a table's row that is named
  [[nodiscard]] std::optional<Quantity> recall(const Scene& scene, const std::vector<Known>& said);
  [[nodiscard]] std::optional<Quantity> compute_of(const Scene& scene,
                                                   std::size_t position);   ///< 6 N D, else the C that is stated
  [[nodiscard]] double active_of(const Scene& scene, double params) const;  ///< per token, of a known mixture of experts
  [[nodiscard]] bool compute_is_old(const Scene& scene) const;  ///< all that is known of it stands in an earlier paragraph
  [[nodiscard]] std::optional<Peak> peak_of(const Scene& scene);
  [[nodiscard]] static const Accelerator* named_accelerator(const Scene& scene);
  [[nodiscard]] std::vector<const KnownModel*> models_of(const Scene& scene) const;
  [[nodiscard]] double mfu_of(const Scene& scene);  ///< the utilisation that is stated, else 0

  void hear(const Scene& scene);  ///< keeps its numbers for other readings of what follows
  /// What else the claim may mean by the numbers of its paragraph or row.
  [[nodiscard]] std::optional<std::string> benefit_of_doubt(const Scene& scene, const Quantity& q, bool only_near) const;
  [[nodiscard]] bool all_near(const Scene& scene) const;        ///< all it follows from stands in its sentence or the one before
  [[nodiscard]] bool ambiguous_loan(const Scene& scene) const;  ///< what other lines lend: claims_loans.cc
  enum class Loan { doubtful, likely, certain, named };
  [[nodiscard]] Loan loan_of(const Scene& scene, const Known& lent, std::int64_t line) const;
  [[nodiscard]] bool already_said(const Scene& scene, const Quantity& q, double computed) const;
  [[nodiscard]] bool one_of_several(const Scene& scene, const Quantity& q) const;
  [[nodiscard]] bool fits_another(const Quantity& q, double computed) const;
  [[nodiscard]] bool may_mean_another(const Scene& scene, const Quantity& q, double computed, bool slip) const;
  [[nodiscard]] bool earned(const Scene& scene, const Quantity& q, double computed, bool slip) const;
  void suspect(const Scene& scene, Claim claim, const Quantity& q);
  void convict_suspects();
  [[nodiscard]] std::optional<std::string> slip_here(const Scene& scene, const std::string& kind, double claimed,
                                                     double computed) const;
  [[nodiscard]] static std::int64_t line_at(const Scene& scene, std::size_t position);
  void remember(const Scene& scene);
  [[nodiscard]] static bool is_title_of_document(const std::string& text);
  void remember_own_model(const Scene& scene, const Quantity& size);
  void remember_row(const Scene& scene);
  void correct(const Quantity& q, double times);  ///< a number found wrong is no ground for another: what follows is
  void remember_accelerator(const Scene& scene);
  [[nodiscard]] static bool spoken_of(const Scene& scene, const KnownModel& model);  ///< in the scene itself, not only before it
  [[nodiscard]] static bool speaks_for_itself(const Scene& scene);
  [[nodiscard]] bool names_another_size(const Scene& scene) const;
  void check(const Scene& scene);
  void judge_each(const Scene& scene);  ///< by what kind it is of
  [[nodiscard]] Scene scene_of(const TableRow& row, const Table& table, const std::vector<Column>& columns,
                               std::vector<std::size_t>& of_column);
  void arithmetic(const Scene& scene);
  void check_equality(const Scene& scene, const Equality& e);
  void check_signs(const Scene& scene, const Equality& e);
  void symbolic(const Scene& scene);
  void compute(const Scene& scene, const Quantity& q);
  void ratio(const Scene& scene, const Quantity& q);
  void device_time(const Scene& scene, const Quantity& q);
  void duration(const Scene& scene, const Quantity& q);
  void money(const Scene& scene, const Quantity& q);
  void weights(const Scene& scene, const Quantity& q);
  bool weights_in_parts(const Scene& scene, const Quantity& q, const Quantity& params);
  struct TimeClaim {
    double claimed, at_peak;  ///< in one unit
    double mfu;               ///< that follows
    double stated;            ///< 0: none
    double slack;
    double peak;              ///< FLOP/s of a device
  };
  void judge_time(const Scene& scene, const std::string& kind, const Quantity& q, const TimeClaim& t, const std::string& how,
                  const std::string& unit, double per);
  struct Input {
    Quantity q;
    std::int64_t line = 0;
    bool own = true;  ///< of the claim's sentence
  };
  /// A relation with its inputs, and what follows for the claim.
  struct Candidate {
    const char* relation = "";
    double computed = 0, slack = 0;
    std::vector<Input> inputs;
    bool complete = true;  ///< all stand in the claim's sentence
  };
  void relations(const Scene& scene);  ///< products of one number of each kind
  [[nodiscard]] static std::vector<Input> bare_losses(const Scene& scene, const Quantity& q, Kind kind);
  [[nodiscard]] std::vector<Input> inputs_of(const Scene& scene, const Quantity& q, Kind kind);
  void candidates(const Scene& scene, const Quantity& q, const Relation& r, std::size_t claimed, std::vector<Candidate>& found);
  [[nodiscard]] bool is_given(const Scene& scene, const Quantity& q, const Relation& r, std::size_t claimed,
                              const std::vector<std::vector<Input>>& inputs) const;
  void judge_candidates(const Scene& scene, const Quantity& q, std::vector<Candidate>& found);
  [[nodiscard]] static bool is_factor(const Scene& scene, const Quantity& q);
  [[nodiscard]] bool restated(const Quantity& q) const;
  [[nodiscard]] bool flagged(const Scene& scene, const Quantity& q) const;
  [[nodiscard]] bool is_term(const Quantity& q) const;  ///< of an expression: no claim
  void growth(const Scene& scene);                      ///< from A to B, times as large: claims_factors.cc
  void totals(const Scene& scene);                      ///< together so much: claims_totals.cc
  void parts(const Scene& scene);                       ///< 35 % of so much; 28 % of it
  void part_of_whole(const Scene& scene, const Quantity& share, const Quantity& part);
  void part_in_words(const Scene& scene, const Quantity& share, const Quantity& part);
  void machines(const Scene& scene);  ///< nodes of devices
  void batches(const Scene& scene);   ///< sequences of tokens
  void of_cluster(const Scene& scene);
  void achieved(const Scene& scene);  ///< a rate of the peak
  [[nodiscard]] Numbers of_paragraph(const Scene& scene, Kind kind, std::size_t position) const;
  void scaling(const Scene& scene);  ///< so many times the compute, parameters, tokens: claims_factors.cc
  /// What a claim may be, and what the rounding of its inputs allows.
  struct Meant {
    double value = 0, slack = 0;
    std::string how;
  };
  /// `sure`: of one meaning nothing but it can be meant.
  void judge_loosely(const Scene& scene, const std::string& kind, const Quantity& q, const std::vector<Meant>& meant,
                     bool sure = false);
  void counts(const Scene& scene);  ///< so many of something: claims_counts.cc
  void nodes(const Scene& scene);
  void memory_parts(const Scene& scene);  ///< keys and values, shards, matrices: claims_cache.cc
  void key_value_cache(const Scene& scene);
  void sharded(const Scene& scene);
  void matrices(const Scene& scene);
  void achieved_before(const Scene& scene);
  void rows_compared(const Scene& scene);
  void price_of_use(const Scene& scene);
  void periods(const Scene& scene);
  void price_of_tokens(const Scene& scene);
  void active_compute(const Scene& scene);
  void multiples(const Scene& scene);
  void proportions(const Scene& scene);  ///< so much per cent of something else: claims_proportions.cc
  void share_of_named(const Scene& scene, std::size_t i);
  void share_of_counts(const Scene& scene, std::size_t i);
  void share_below(const Scene& scene, std::size_t i);
  void by_multiples(const Scene& scene);  ///< so many times a number before: claims_multiples.cc
  void copies(const Scene& scene);
  void power(const Scene& scene);
  void additions(const Scene& scene);
  void share_of_peak(const Scene& scene);
  void priced_counts(const Scene& scene);
  void sums_by_slips(const Scene& scene);
  void times_another(const Scene& scene);
  void beside(const Scene& scene);  ///< a product, or the same in another unit, beside its value: claims_beside.cc
  void judge_product(const Scene& scene, const Quantity& q, double value, const std::string& written);
  void products_in_brackets(const Scene& scene);
  void products_in_cells(const Scene& scene);
  void product_before(const Scene& scene);
  void restatements(const Scene& scene);
  void shape(const Scene& scene);    ///< layers and width: claims_shapes.cc
  [[nodiscard]] static double blocks_of(double layers, double width);
  void allocation(const Scene& scene);
  void recommended(const Scene& scene, const Quantity& q);
  [[nodiscard]] bool called_optimal(const Scene& scene) const;  ///< the sentence says that its tokens are the rule's
  void times_recommended(const Scene& scene, const Quantity& q);
  void between_two(const Scene& scene, const Quantity& q);
  void power_law(const Scene& scene);
  void state_exponent(char of, double value);
  void exponents(const Scene& scene);
  void remember_formula(const Scene& scene);
  void exponent_of_compute(const Scene& scene);
  void published_exponents(const Scene& scene, const std::string& sentence);
  void text_size(const Scene& scene);
  void peak(const Scene& scene, const Quantity& q);
  void facts(const Scene& scene, const Quantity& q);
  void size_of_model(const Scene& scene, const Quantity& q, const std::vector<Mention>& here);
  [[nodiscard]] const ColumnSum* nearest_column(const Quantity& q) const;  ///< of the table before, of its kind
  void known_statements(const Scene& scene);
  void share_line(const Scene& scene);
  void end_of_shares();
  void shares(const std::vector<double>& percents, std::int64_t line, const std::string& written);
  void widths(const Table& table, const std::vector<Column>& columns);
  void losses(const Table& table, const std::vector<Column>& columns);
  void regularities(const Table& table, const std::vector<Column>& columns);  ///< what most rows obey: claims_columns.cc
  void column_totals(const Table& table, const std::vector<Column>& columns);
  void column_total(const Table& table, const Column& column, std::size_t at, std::size_t from, std::size_t total, bool nested);
  void misread(std::size_t first);  ///< takes back what most rows of a table are accused of
  [[nodiscard]] bool convicted(std::int64_t line) const;
  void priced(const Table& table);
  void fitted_formula();

  void say(const Scene& scene, const std::string& kind, double claimed, double computed, double tolerance, const std::string& how,
           bool own_text);
  void add(const Scene& scene, const std::string& kind, std::optional<double> claimed, std::optional<double> computed,
           ClaimVerdict verdict, const std::string& explanation);
  [[nodiscard]] bool found_here(const Scene& scene, const std::function<bool(const Claim&)>& like) const;
  [[nodiscard]] bool judged(const Scene& scene, double claimed) const;
  [[nodiscard]] std::string in_its_own_words(std::optional<double> claimed, std::optional<double> computed,
                                             std::int64_t line) const;

  std::string file_;
  bool other_money_ = false;
  bool japanese_ = false, speaks_of_rule_ = false, new_paragraph_ = true;
  std::int64_t table_ = 0;      ///< the line the last table begins on
  std::vector<ColumnSum> table_sums_;
  std::int64_t paragraph_ = 1;  ///< the line the present one begins on
  std::string paragraph_text_;
  bool at_peak_ = false;  ///< the subject divides FLOPs by the bare peak
  std::map<Kind, Known> known_;
  std::vector<Quantity> block_;  ///< all numbers since the subject began
  bool subject_is_published_ = false;
  struct Heard {
    Quantity q;
    std::int64_t paragraph, line;
  };
  std::vector<Heard> heard_;                                ///< of the section, in order: begin counts from its first sentence
  Numbers ahead_;                                           ///< of the lines at hand, also what they say later
  std::size_t heard_at_ = 0;                                ///< where the sentence at hand begins there
  std::size_t sentence_before_ = 0;                         ///< where the one before it does
  std::size_t subject_at_ = 0;                              ///< where the subject began there
  std::vector<Known> memory_;                               ///< all that was said of the subject
  std::vector<Known> accelerators_;                         ///< their peaks: hold until the next heading
  std::vector<Known> borrowed_;                             ///< inputs of the claim at hand that stand in other lines
  bool rescued_ = false;                                    ///< by another reading
  bool literal_ = false;                                    ///< the claim is the side of an equation: nothing else is meant
  const Quantity* current_ = nullptr;                       ///< the claim at hand
  std::size_t spot_ = 0;                                    ///< where in the sentence it stands, if it is no Quantity
  std::size_t own_from_ = 0;                                ///< in memory_, the numbers of the sentence at hand
  std::vector<std::pair<std::size_t, std::size_t>> terms_;  ///< of its expressions
  std::vector<Mention> subject_models_;                     ///< that the subject has named so far
  std::set<std::string> section_models_;                     ///< the words by which the section has named them
  bool subject_speaks_of_flash_ = false;
  std::optional<Known> own_model_;                   ///< the first size that is no published model's
  bool own_model_in_title_ = false;                  ///< the title says it
  bool one_own_model_ = true;                        ///< no other size was stated
  std::map<Kind, std::optional<Known>> only_;        ///< said once in the whole document so far; none: several were
  std::vector<double> sizes_;                        ///< every count of parameters that was stated
  std::vector<std::pair<std::string, Known>> rows_;  ///< of tables, by the row's name
  std::optional<Value> carried_;
  std::optional<PairOfKinds> last_pair_;  ///< of the paragraph
  std::map<char, double> exponent_;       ///< N, D, C: of L ~ x^-alpha, as the document states them
  std::set<char> exponent_stated_;        ///< else Kaplan et al.'s
  bool title_names_law_ = false, section_names_law_ = false;
  std::map<char, double> allocation_;  ///< N, D ~ C^a, as the document states them
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
  std::optional<std::pair<char, std::int64_t>> last_power_;  ///< what the last power law was of, and its line
  std::vector<double> shares_;
  std::int64_t shares_line_ = 0;
  std::string shares_written_;
  std::vector<Claim> claims_;
  struct Suspect {
    std::size_t claim;  ///< in claims_
    Claim as_wrong;
    std::vector<Known> lent;
  };
  std::vector<Suspect> suspects_;                   ///< wrong if what other lines lend is the only one in the document
  std::map<Kind, std::pair<double, double>> said_;  ///< the least and the largest value of each kind in the document
  struct OpenProduct {
    double value;  ///< in plain units
    std::int64_t paragraph;
    std::string written;
  };
  double devices_of_node_ = 0;  ///< that the document states; -1: several
  std::set<double> widths_;     ///< of layers, that the document states
  double active_ = 0;           ///< parameters of a mixture of experts
  struct Rate {
    Quantity q;
    std::size_t period;
    std::int64_t paragraph;
  };
  std::optional<Rate> rate_;                 ///< a sum of each year, month, ...: the last
  std::optional<OpenProduct> open_product_;  ///< that the sentence before ended with
  Numbers used_;                             ///< what the claim at hand was computed from
};

}  // namespace isoflop::plan
