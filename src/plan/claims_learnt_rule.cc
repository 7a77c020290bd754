// Learnt rules in words.
#include "plan/claims_learnt_rule.h"

#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"
#include "plan/claims_words.h"

namespace isoflop::plan {

std::string in_words(const Rule& rule, const Part& claimed, const std::vector<TableColumn>& columns) {
  std::string above, below;
  for (const Part& p : rule.parts) {
    if (p.column == claimed.column) continue;
    const double power = -p.power / claimed.power;
    const std::string& name = columns[p.column].name;
    if (!claimed.logarithm && !p.logarithm) {
      above += (above.empty() && power > 0 ? "" : power > 0 ? " + " : " - ") + name;
    } else if (claimed.logarithm != p.logarithm) {
      above = (claimed.logarithm ? "exp(" : "ln(") + name + ")";
    } else {
      std::string& side = power > 0 ? above : below;
      const bool plain = std::abs(std::abs(power) - 1) < 1e-9;
      side += (side.empty() ? "" : " x ") + name + (plain ? "" : "^" + short_number(std::abs(power)));
    }
  }
  std::string right = above;
  if (claimed.logarithm && rule.parts.size() > 1 && rule.parts[0].logarithm && rule.parts[1].logarithm) {
    const double constant = exp_(std::clamp(rule.constant / claimed.power, -700.0, 700.0));
    const bool shown = std::abs(constant - 1) > 1e-3 || above.empty();
    right = (shown ? short_number(constant) : "") + (shown && !above.empty() ? " x " : "") + above;
    if (!below.empty()) right += " / " + (below.find(" x ") == std::string::npos ? below : "(" + below + ")");
  }
  return "in " + format_number(static_cast<std::int64_t>(rule.holds.size())) + " of " +
         format_number(static_cast<std::int64_t>(rule.holds.size() + rule.broken.size())) + " rows " +
         columns[claimed.column].name + " = " + right;
}

}  // namespace isoflop::plan
