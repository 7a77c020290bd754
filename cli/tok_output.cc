#include "cli/tok_output.h"

#include <algorithm>
#include <cstdio>

namespace cli {
namespace {

constexpr std::size_t kMostRows = 25;  // for people; --json has every source

Json share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? Json(nullptr) : Json(static_cast<double>(part) / static_cast<double>(whole));
}

Json facts_of(const isoflop::TokenSplit& split) {
  std::int64_t bytes = 0;
  for (const isoflop::TokenUnit& unit : split.units()) bytes += unit.bytes;
  return {{"tokens", split.size()},
          {"units", split.units().size()},
          {"bytes", bytes},
          {"bytes_per_token", share(bytes, split.size())}};
}

Json facts_of(const isoflop::TextCounts& counts) {
  return {{"tokens", counts.tokens},
          {"bytes", counts.bytes},
          {"characters", counts.characters},
          {"documents", counts.documents},
          {"invalid_bytes", counts.invalid_bytes},
          {"bytes_per_token", share(counts.bytes, counts.tokens)},
          {"characters_per_token", share(counts.characters, counts.tokens)}};
}

std::vector<std::string> row_of(const std::string& name, const isoflop::TextCounts& counts) {
  char bytes[32] = "", characters[32] = "";
  if (counts.tokens > 0) {
    std::snprintf(bytes, sizeof bytes, "%.3f", static_cast<double>(counts.bytes) / static_cast<double>(counts.tokens));
    std::snprintf(characters, sizeof characters, "%.3f",
                  static_cast<double>(counts.characters) / static_cast<double>(counts.tokens));
  }
  return {name,
          isoflop::format_count(static_cast<double>(counts.documents)),
          isoflop::format_count(static_cast<double>(counts.bytes)),
          isoflop::format_count(static_cast<double>(counts.tokens)),
          bytes,
          characters};
}

}  // namespace

Json facts_of(const isoflop::Tokenizer& tokenizer) {
  Json json;
  json["id"] = tokenizer.id();
  json["kind"] = tokenizer.kind();
  json["vocab_size"] = tokenizer.vocab_size();
  json["end_of_text"] = tokenizer.end_of_text() ? Json(*tokenizer.end_of_text()) : Json(nullptr);
  return json;
}

Json facts_of(const isoflop::TokenSet& set) {
  Json json;
  json["id"] = set.id;
  json["folder"] = set.folder;
  json["tokenizer"] = set.tokenizer_id;
  json["train"] = facts_of(*set.train);
  json["held_out"] = facts_of(*set.held_out);
  return json;
}

Json facts_of(const isoflop::TokenCounts& counts, const isoflop::Tokenizer& tokenizer) {
  Json json = facts_of(counts.total);
  json["tokenizer"] = facts_of(tokenizer);
  json["sources"] = Json::array();
  for (const isoflop::TextCounts& source : counts.sources) {
    Json row = {{"source", source.source}};
    row.update(facts_of(source));
    json["sources"].push_back(row);
  }
  return json;
}

void print_facts(const Json& facts, const Globals& globals) {
  if (globals.json) return print_json(facts);
  for (const auto& [key, value] : facts.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : value.is_null() ? "none" : value.dump();
    if (value.is_object()) {
      text.clear();
      for (const auto& [name, number] : value.items()) text += (text.empty() ? "" : ", ") + number.dump() + " " + name;
    }
    std::printf("%-12s %s\n", key.c_str(), text.c_str());
  }
}

void print_counts(const isoflop::TokenCounts& counts, const isoflop::Tokenizer& tokenizer, const Globals& globals) {
  if (globals.json) return print_json(facts_of(counts, tokenizer));
  std::vector<isoflop::TextCounts> sources = counts.sources;
  std::stable_sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.tokens > b.tokens; });
  std::vector<std::vector<std::string>> rows;
  for (const isoflop::TextCounts& source : sources) {
    if (rows.size() < kMostRows) rows.push_back(row_of(source.source, source));
  }
  rows.push_back(row_of("all", counts.total));
  print_table({"source", "documents", "bytes", "tokens", "bytes/token", "characters/token"}, rows);
  if (sources.size() > kMostRows) std::printf("(the largest %zu of %zu sources; --json has all)\n", kMostRows, sources.size());
  if (counts.total.invalid_bytes > 0)
    std::printf("%lld bytes of invalid UTF-8\n", static_cast<long long>(counts.total.invalid_bytes));
}

void add_tokenizer_flags(CLI::App& app, TokenizerFlags& flags) {
  app.add_option("--tokenizer", flags.path,
                 "tokenizer.json (ours or Hugging Face's), a folder with GPT-2's two files, or a rank file of tiktoken")
      ->required();
  app.add_option("--split_pattern,--split-pattern", flags.split_pattern, "how a rank file's text is cut: gpt2, gpt4 or script");
}

std::unique_ptr<isoflop::Tokenizer> read_tokenizer(const TokenizerFlags& flags) {
  isoflop::ReadTokenizerOptions options;
  if (!flags.split_pattern.empty()) options.pattern = isoflop::split_pattern_from(flags.split_pattern);
  return isoflop::read_tokenizer(flags.path, options);
}

}  // namespace cli
