// Lists and pairs: what a text says once for several numbers.
#include <algorithm>

#include "plan/claims_text.h"
#include "plan/claims_vocabulary.h"
#include "plan/claims_words.h"

namespace isoflop::plan {
namespace {

bool of_loss(Kind kind) {
  return kind == Kind::loss || kind == Kind::perplexity || kind == Kind::bits_per_token || kind == Kind::bits_per_byte;
}

/// A bare number may be one of the kind.
bool may_be(const Quantity& q, Kind kind) {
  return q.kind == kind || (q.kind == Kind::none && !q.exact && !q.suffixed &&
                            (kind == Kind::perplexity ? q.raw > 1 : q.raw > kLeastLoss && q.raw < 15));
}

/// 7B and 1T tokens, 7B with 140B tokens, 7Bを1兆トークン: what stands before tokens and is joined to them is a model.
void name_models_of_tokens(const std::string& s, std::vector<Quantity>& all) {
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i].kind != Kind::none || !all[i].suffixed || s[all[i].number_end - 1] != 'B' || all[i + 1].kind != Kind::tokens)
      continue;
    const std::string_view joint = std::string_view(s).substr(all[i].number_end, all[i + 1].begin - all[i].number_end);
    for (const std::string_view word : {" and ", " with ", " on ", " for ", ", ", "を", "で"})
      if (joint == word) all[i].kind = Kind::params;
  }
}

}  // namespace

void carry_pairs(const std::string& s, std::vector<Quantity>& all, std::optional<PairOfKinds>& last) {
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    Quantity &a = all[i], &b = all[i + 1];
    const std::size_t end = std::max(a.end, a.number_end);
    if (b.begin < end) continue;
    const std::string joint = s.substr(end, b.begin - end);
    if (of_loss(a.kind) && of_loss(b.kind) && a.kind != b.kind) {
      last = PairOfKinds{a.kind, b.kind, joint};
      ++i;
      continue;
    }
    const bool worded = joint.find_first_not_of(" ,.()/-") != std::string::npos;
    if (!last || !worded || !last->joint.starts_with(joint) || !may_be(a, last->first) || !may_be(b, last->second)) continue;
    if (a.kind == Kind::none) become(a, last->first, 1);
    if (b.kind == Kind::none) become(b, last->second, 1);
    ++i;
  }
}

void share_units(const std::string& s, std::vector<Quantity>& all) {
  name_models_of_tokens(s, all);
  const auto named = [](const Quantity& q) {
    return q.kind != Kind::none && q.kind != Kind::other && q.kind != Kind::percent && q.kind != Kind::factor &&
           q.kind != Kind::usd && q.kind != Kind::yen && q.kind != Kind::vocabulary && q.kind != Kind::layers;
  };
  const auto alike = [](const Quantity& bare, const Quantity& of) {
    return bare.kind == Kind::none && bare.suffixed == of.suffixed && bare.raw > 0 && bare.raw / of.raw < 1e4 &&
           of.raw / bare.raw < 1e4;
  };
  const auto end_of = [](const Quantity& q) { return std::max(q.end, q.number_end); };
  for (std::size_t first = 0; first + 1 < all.size();) {
    std::size_t last = first;
    bool conjunction = false;
    for (; last + 1 < all.size() && all[last + 1].begin >= end_of(all[last]); ++last) {
      const std::string_view joint = std::string_view(s).substr(end_of(all[last]), all[last + 1].begin - end_of(all[last]));
      const bool joined = joint == " to " || joint == " and " || joint == ", and " || joint == " or " || joint == "と" ||
                          joint == "から" || joint == "または" || joint == "-";
      if (!joined && joint != ", " && joint != "・" && joint != ",") break;
      conjunction = conjunction || joined;
    }
    const std::size_t count = last - first + 1;
    const bool list = conjunction || count > 2;
    const std::size_t k = skip_spaces(s, end_of(all[last]));
    const bool ends =
        k >= s.size() || std::string_view(".,)").find(s[k]) != std::string_view::npos || static_cast<unsigned char>(s[k]) >= 0x80;
    const bool params = all[first].kind == Kind::params && all[last].suffixed && s[all[last].number_end - 1] == 'B';
    const bool large = all[first].suffixed || all[first].raw >= 1e12 || all[first].kind == Kind::loss ||
                       all[first].kind == Kind::perplexity || all[first].kind == Kind::ratio;
    for (std::size_t i = first; list && i <= last; ++i) {
      if (named(all[last]) && alike(all[i], all[last])) become(all[i], all[last].kind, all[last].value / all[last].raw);
      if (named(all[first]) && !named(all[last]) && (ends || params) && large && alike(all[i], all[first]) && i > first)
        become(all[i], all[first].kind, all[first].value / all[first].raw);
    }
    first = last + 1;
  }
}

void mark_achieved(std::vector<Quantity>& all) {
  const auto is_share_of_a_peak = [](double rate, double share) {
    const auto& catalogue = accelerators();
    return std::any_of(catalogue.begin(), catalogue.end(),
                       [&](const Accelerator& a) { return std::abs(rate / (a.peak_flops * share) - 1) < .03; });
  };
  for (Quantity& rate : all)
    if (rate.kind == Kind::rate && !is_share_of_a_peak(rate.value, 1))
      rate.utilisation = rate.utilisation || std::any_of(all.begin(), all.end(), [&](const Quantity& u) {
                           return u.kind == Kind::percent && u.utilisation && is_share_of_a_peak(rate.value, u.value / 100);
                         });
}

}  // namespace isoflop::plan
