// Claims about models and their training, found in texts and recomputed. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isoflop/base.h"

namespace isoflop {

/// A model as its makers state it (data/published_models.toml).
struct PublishedModel {
  std::string name;                      ///< "Llama-2-70B"
  std::vector<std::string> families;     ///< words that stand for it in a text: "Llama 2"
  double params = 0;                     ///< all
  std::optional<double> active_params;   ///< per token, of mixtures of experts
  std::vector<double> also_called;       ///< other counts in use, e.g. GPT-2's own 117e6
  std::optional<double> tokens;          ///< of training
  std::optional<double> flops;           ///< where stated
  std::optional<double> device_hours;
  std::string accelerator, date, source;
};
[[nodiscard]] const std::vector<PublishedModel>& published_models();

enum class ClaimVerdict {
  agrees,
  off,            ///< by the percentage in the explanation
  power_of_ten,   ///< right but for a power of ten
  inconsistent,   ///< with other numbers of its own text
  cannot_check,   ///< a claim of a known kind whose other numbers are not there
};
[[nodiscard]] std::string to_string(ClaimVerdict verdict);  ///< "agrees", "off", "power_of_ten", "inconsistent", "cannot_check"

struct Claim {
  std::string file;
  std::int64_t line = 1;
  std::string text;                  ///< the sentence, cell or line as written
  std::string kind;                  ///< see docs/formats/claims.md
  std::optional<double> claimed;     ///< in plain units: parameters, tokens, FLOPs, seconds, device-hours, dollars, ...
  std::optional<double> computed;    ///< what follows from the other numbers
  ClaimVerdict verdict = ClaimVerdict::cannot_check;
  std::string explanation;           ///< how it was computed, with the numbers put in
};

/// Finds the numbers a text claims and recomputes those that follow from others: lines "expression = value", C = 6 N D, tokens
/// per parameter, device-hours, days, cost, factors of power laws, shares that add up, formulas in N, D and C, facts of known
/// models.
///
/// Needs    `text` in UTF-8; prose in English or Japanese with Markdown and LaTeX, or by the file's ending CSV, JSON, TOML or
///          YAML.
/// Result   in order of lines. A number agrees when it is within a unit of its last digit of what follows, and of what the
///          rounding of its inputs allows. Inputs are those of the claim's own sentence first; the explanation names the lines of
///          others. The time taken is in proportion to the text.
/// Throws   Error{bad_data} naming `file` for text that is not UTF-8 or holds zero bytes.
/// Checked  claims_test.cc, claims_relations_test.cc; claims_reference_test.cc: precision and recall over five audited documents;
///          claims_documents_test.cc: documents with planted errors.
[[nodiscard]] std::vector<Claim> check_claims(const std::string& text, const std::string& file);

/// An array of {file, line, text, kind, claimed, computed, verdict, explanation}.
[[nodiscard]] std::string claims_to_json(const std::vector<Claim>& claims);

}  // namespace isoflop
