// Tokenizers on disk: which form a path holds, GPT-2's two files, tiktoken's rank files (docs/formats/tokenizer.md).
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "isoflop/text.h"
#include "tokens/bpe_tokenizer.h"
#include "tokens/byte_alphabet.h"
#include "tokens/named_vocab.h"
#include "tokens/rank_file.h"

namespace isoflop {
namespace tokens {
namespace {

namespace fs = std::filesystem;

// GPT-2's two files: Hugging Face's names, and OpenAI's
constexpr std::array<std::array<const char*, 2>, 2> kGpt2Names = {{{"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"}}};

template <class Visit>
void for_each_line(const std::string& text, Visit visit) {
  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line(text.data() + at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line, ++number);
    at = end + 1;
  }
}

NamedVocab read_vocab(const fs::path& path) {
  const std::string text = read_file(path), subject = path.string();
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::object object;
  if (const auto code = parser.parse(text).get(root); code != simdjson::SUCCESS) {
    throw Error(Fault::bad_data, subject, std::string("damaged JSON: ") + simdjson::error_message(code), "bring the file again");
  }
  if (root.get(object) != simdjson::SUCCESS) throw Error(Fault::bad_data, subject, "is not a vocabulary: its JSON is no object");
  NamedVocab vocab(subject);
  for (const auto& [name, value] : object) {
    std::int64_t id = -1;
    if (value.get(id) != simdjson::SUCCESS) {
      throw Error(Fault::bad_data, subject, "token `" + std::string(name.substr(0, 60)) + "` has no whole number as its id",
                  "it must map tokens to ids");
    }
    vocab.add(name, id);
  }
  return vocab;
}

std::unique_ptr<Tokenizer> from_gpt2_files(const fs::path& vocab_path, const fs::path& merges_path) {
  NamedVocab vocab = read_vocab(vocab_path);
  for_each_line(read_file(merges_path), [&](std::string_view line, std::int64_t number) {
    if (line.empty() || (number == 1 && line.starts_with("#version"))) return;
    vocab.merge_line(line, merges_path.filename().string() + ":" + std::to_string(number) + ": ");
  });
  BpeModel model(vocab.parts(vocab.unmerged_in_angle_brackets(), false), vocab_path.string());
  return std::make_unique<BpeTokenizer>(std::move(model), Splitter(SplitPattern::gpt2));
}

std::unique_ptr<Tokenizer> read_folder(const fs::path& folder) {
  if (fs::exists(folder / "tokenizer.json"))
    return tokenizer_from_json(read_file(folder / "tokenizer.json"), (folder / "tokenizer.json").string());
  for (const auto& [vocab, merges] : kGpt2Names) {
    if (fs::exists(folder / vocab)) return from_gpt2_files(folder / vocab, folder / merges);
  }
  throw Error(Fault::missing_input, folder.string(), "holds no tokenizer: no tokenizer.json, vocab.json or encoder.json",
              "name the tokenizer's file, or a folder with GPT-2's two files");
}

const BpeTokenizer& bpe_of(const Tokenizer& tokenizer, const char* form) {
  const auto* bpe = dynamic_cast<const BpeTokenizer*>(&tokenizer);
  if (bpe == nullptr)
    throw Error(Fault::usage, form, "holds byte-pair tokenizers, not one of kind `" + tokenizer.kind() + "`", "write it as json");
  return *bpe;
}

void write_gpt2_files(const BpeTokenizer& tokenizer, const fs::path& folder) {
  const auto& patterns = tokenizer.splitter().patterns();
  const BpeParts& parts = tokenizer.model().parts();
  if (patterns.size() != 1 || patterns.front() != regex_of(SplitPattern::gpt2) || parts.whole_chunks_first) {
    throw Error(Fault::usage, "gpt2",
                "GPT-2's two files say nothing of how text is cut: it is cut as GPT-2 does, and this tokenizer is not",
                "write it as json");
  }
  std::vector<std::string> names(parts.tokens.size());
  for (std::size_t id = 0; id < names.size(); ++id) names[id] = to_alphabet(parts.tokens[id]);
  std::string merges = "#version: 0.2\n";
  for (const Merge& merge : parts.merges) {
    merges += names[static_cast<std::size_t>(merge.left)] + " " + names[static_cast<std::size_t>(merge.right)] + "\n";
  }
  for (const SpecialToken& special : parts.specials) names[static_cast<std::size_t>(special.id)] = special.text;
  std::string vocab;
  for (std::size_t id = 0; id < names.size(); ++id) {
    if (!names[id].empty()) vocab += (vocab.empty() ? "{" : ", ") + Json(names[id]).dump() + ": " + std::to_string(id);
  }
  make_folder(folder);
  write_output(folder / kGpt2Names[0][0], vocab + "}\n");
  write_output(folder / kGpt2Names[0][1], merges);
}

}  // namespace
}  // namespace tokens

std::unique_ptr<Tokenizer> read_tokenizer(const std::string& path, const ReadTokenizerOptions& options) {
  namespace fs = std::filesystem;
  if (fs::is_directory(path)) return tokens::read_folder(path);
  const fs::path file = path;
  for (const auto& pair : tokens::kGpt2Names) {
    if (file.filename() == pair[0] || file.filename() == pair[1])
      return tokens::from_gpt2_files(file.parent_path() / pair[0], file.parent_path() / pair[1]);
  }
  const std::string text = read_file(path);
  if (tokens::looks_like_ranks(text)) return tokens::tokenizer_from_ranks(text, path, options.pattern);
  return tokenizer_from_json(text, path);
}

void write_tokenizer(const Tokenizer& tokenizer, const std::string& path, TokenizerFormat format) {
  switch (format) {
    case TokenizerFormat::json:
      return write_output(path, tokenizer.to_json());
    case TokenizerFormat::gpt2:
      return tokens::write_gpt2_files(tokens::bpe_of(tokenizer, "gpt2"), path);
    case TokenizerFormat::tiktoken:
      return write_output(path, tokens::ranks_of(tokens::bpe_of(tokenizer, "tiktoken").model()));
  }
}

}  // namespace isoflop
