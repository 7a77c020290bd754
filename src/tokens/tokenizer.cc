#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "tokens/bpe_tokenizer.h"
#include "tokens/bpe_trainer.h"
#include "base/utf8.h"
#include "tokens/source.h"

namespace isoflop {
namespace {

using tokens::bad_token;

constexpr int kTokenizerSchema = 1;
constexpr std::int32_t kBytes = 256;
constexpr std::int32_t kNone = -1;

class ByteTokenizer final : public Tokenizer {
 public:
  explicit ByteTokenizer(bool end_of_text) : end_of_text_(end_of_text) {}

  [[nodiscard]] std::string kind() const override { return "byte"; }
  [[nodiscard]] std::int64_t vocab_size() const override { return kBytes + (end_of_text_ ? 1 : 0); }
  [[nodiscard]] std::optional<std::int32_t> end_of_text() const override {
    return end_of_text_ ? std::optional<std::int32_t>(kBytes) : std::nullopt;
  }
  void encode(std::string_view text, std::vector<std::int32_t>& out) const override {
    const std::size_t before = out.size();
    out.resize(before + text.size());
    for (std::size_t i = 0; i < text.size(); ++i) out[before + i] = static_cast<unsigned char>(text[i]);
  }
  [[nodiscard]] std::string decode(std::span<const std::int32_t> tokens) const override {
    std::string text;
    for (const std::int32_t token : tokens) {
      if (bytes_of(token) == 1) text.push_back(static_cast<char>(token));
    }
    return text;
  }
  [[nodiscard]] std::int64_t bytes_of(std::int32_t token) const override {
    if (token < 0 || token >= vocab_size()) bad_token(token, vocab_size());
    return token < kBytes ? 1 : 0;
  }
  [[nodiscard]] std::string to_json() const override {
    Json json;
    json["schema_version"] = kTokenizerSchema;
    json["kind"] = kind();
    json["vocab_size"] = vocab_size();
    json["end_of_text"] = json_or_null(end_of_text());
    return seal_json(json.dump());
  }

 private:
  bool end_of_text_;
};

class CharTokenizer final : public Tokenizer {
 public:
  // `characters`: valid UTF-8, code points in increasing order
  CharTokenizer(std::string characters, bool byte_tokens, bool end_of_text)
      : characters_(std::move(characters)), byte_tokens_(byte_tokens), page_of_(kCodePoints / kPage, kNone) {
    for (std::size_t at = 0; at < characters_.size();) {
      const CodePoint point = first_code_point(std::string_view(characters_).substr(at));
      ISOFLOP_CHECK(point.valid);
      std::int32_t& page = page_of_[point.value / kPage];
      if (page == kNone) {
        page = static_cast<std::int32_t>(ids_.size());
        ids_.resize(ids_.size() + kPage, kNone);
      }
      ids_[static_cast<std::size_t>(page) + point.value % kPage] = static_cast<std::int32_t>(begin_.size());
      begin_.push_back(static_cast<std::uint32_t>(at));
      at += point.length;
    }
    begin_.push_back(static_cast<std::uint32_t>(characters_.size()));
    first_byte_ = static_cast<std::int32_t>(begin_.size()) - 1;
    vocab_size_ = first_byte_ + (byte_tokens_ ? kBytes : 0);
    if (end_of_text) end_of_text_ = static_cast<std::int32_t>(vocab_size_++);
  }

  [[nodiscard]] std::string kind() const override { return "char"; }
  [[nodiscard]] std::int64_t vocab_size() const override { return vocab_size_; }
  [[nodiscard]] std::optional<std::int32_t> end_of_text() const override { return end_of_text_; }

  void encode(std::string_view text, std::vector<std::int32_t>& out) const override {
    out.reserve(out.size() + text.size() / 2);
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint point = first_code_point(text.substr(at));
      const std::int32_t id = point.valid ? id_of(point.value) : kNone;
      const std::size_t length = point.valid ? point.length : 1;
      if (id != kNone) {
        out.push_back(id);
      } else if (byte_tokens_) {
        for (std::size_t i = 0; i < length; ++i) out.push_back(first_byte_ + static_cast<unsigned char>(text[at + i]));
      } else {
        throw Error(
            Fault::bad_data, "byte " + std::to_string(at) + " of the text",
            point.valid ? "character `" + std::string(text.substr(at, length)) + "` is not in the vocabulary" : "not UTF-8",
            "this tokenizer has no byte tokens; build one from the training split");
      }
      at += length;
    }
  }

  [[nodiscard]] std::string decode(std::span<const std::int32_t> tokens) const override {
    std::string text;
    for (const std::int32_t token : tokens) {
      if (token < 0 || token >= vocab_size_) bad_token(token, vocab_size_);
      if (token < first_byte_) {
        text.append(characters_, begin_[static_cast<std::size_t>(token)], static_cast<std::size_t>(bytes_of(token)));
      } else if (token != end_of_text_) {
        text.push_back(static_cast<char>(token - first_byte_));
      }
    }
    return text;
  }

  [[nodiscard]] std::int64_t bytes_of(std::int32_t token) const override {
    if (token < 0 || token >= vocab_size_) bad_token(token, vocab_size_);
    if (token == end_of_text_) return 0;
    const auto id = static_cast<std::size_t>(token);
    return token < first_byte_ ? begin_[id + 1] - begin_[id] : 1;
  }

  [[nodiscard]] std::string to_json() const override {
    Json json;
    json["schema_version"] = kTokenizerSchema;
    json["kind"] = kind();
    json["vocab_size"] = vocab_size();
    json["end_of_text"] = json_or_null(end_of_text());
    json["characters"] = characters_;
    json["byte_tokens"] = byte_tokens_;
    return seal_json(json.dump());
  }

 private:
  static constexpr std::uint32_t kPage = 256;

  [[nodiscard]] std::int32_t id_of(std::uint32_t value) const {
    const std::int32_t page = page_of_[value / kPage];
    return page == kNone ? kNone : ids_[static_cast<std::size_t>(page) + value % kPage];
  }

  std::string characters_;
  bool byte_tokens_;
  std::vector<std::uint32_t> begin_;   // where each character starts, and the end
  std::vector<std::int32_t> page_of_;  // code point / 256 -> offset into ids_
  std::vector<std::int32_t> ids_;
  std::int32_t first_byte_ = 0;
  std::int64_t vocab_size_ = 0;
  std::optional<std::int32_t> end_of_text_;
};

std::unique_ptr<Tokenizer> char_tokenizer_from(const Json& json, bool end_of_text, const std::string& subject) {
  auto characters = json_get<std::string>(json, "characters", subject);
  std::int64_t previous = -1;
  for (std::size_t at = 0; at < characters.size();) {
    const CodePoint point = first_code_point(std::string_view(characters).substr(at));
    if (!point.valid || point.value <= previous) {
      throw Error(Fault::bad_data, subject, "`characters` is not in code-point order at byte " + std::to_string(at));
    }
    previous = point.value;
    at += point.length;
  }
  return std::make_unique<CharTokenizer>(std::move(characters), json_get<bool>(json, "byte_tokens", subject), end_of_text);
}

// the value of a word; throws usage with the words there are
template <class T>
T one_of(const std::string& text, const std::string& what, const std::vector<std::pair<std::string, T>>& words) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    known.push_back(word);
    list += (list.empty() ? "" : ", ") + word;
  }
  const auto guess = nearest(text, known);
  throw Error(Fault::usage, what + " `" + text + "`", "is not known; there are: " + list,
              guess ? "did you mean `" + *guess + "`?" : "");
}

}  // namespace

std::size_t Tokenizer::certain_cut(std::string_view text, bool /*ends*/) const { return text.size(); }

std::string Tokenizer::id() const { return content_id(to_json()); }

std::unique_ptr<Tokenizer> tokenizer_from_json(const std::string& text, const std::string& subject) {
  // ours begin so; Hugging Face's hold a model; anything else never was one
  constexpr std::string_view kBegin = "{\"schema_version\":";
  if (text.substr(0, kBegin.size()) != kBegin.substr(0, text.size())) {
    if (text.find("\"model\"") != std::string::npos) return tokens::bpe_from_json(text, subject);
    throw Error(Fault::bad_data, subject, "is not a tokenizer", "`isoflop tok train` makes one");
  }
  const Json json = parse_json(unseal_json(text, subject, "build it again with `isoflop tok train`"), subject);
  const int schema = json_get<int>(json, "schema_version", subject);
  if (schema != kTokenizerSchema) {
    throw Error(Fault::bad_data, subject,
                "schema_version " + std::to_string(schema) + ", expected " + std::to_string(kTokenizerSchema));
  }
  const bool end_of_text = json_find<std::int64_t>(json, "end_of_text", subject).has_value();
  const auto kind = json_get<std::string>(json, "kind", subject);
  std::unique_ptr<Tokenizer> tokenizer;
  if (kind == "byte") {
    tokenizer = std::make_unique<ByteTokenizer>(end_of_text);
  } else if (kind == "char") {
    tokenizer = char_tokenizer_from(json, end_of_text, subject);
  } else {
    throw Error(Fault::bad_data, subject, "is a tokenizer of kind `" + kind + "`, expected char or byte");
  }
  if (tokenizer->to_json() != text) throw Error(Fault::bad_data, subject, "its keys do not agree with one another");
  return tokenizer;
}

std::string to_string(TokenizerKind kind) {
  return kind == TokenizerKind::byte ? "byte" : kind == TokenizerKind::bpe ? "bpe" : "char";
}

TokenizerKind tokenizer_kind_from(const std::string& text) {
  return one_of<TokenizerKind>(text, "tokenizer",
                               {{"byte", TokenizerKind::byte}, {"char", TokenizerKind::char_}, {"bpe", TokenizerKind::bpe}});
}

std::string to_string(SplitPattern pattern) {
  return pattern == SplitPattern::gpt2 ? "gpt2" : pattern == SplitPattern::gpt4 ? "gpt4" : "script";
}

SplitPattern split_pattern_from(const std::string& text) {
  return one_of<SplitPattern>(text, "split pattern",
                              {{"gpt2", SplitPattern::gpt2}, {"gpt4", SplitPattern::gpt4}, {"script", SplitPattern::script}});
}

TokenizerFormat tokenizer_format_from(const std::string& text) {
  return one_of<TokenizerFormat>(
      text, "tokenizer format",
      {{"json", TokenizerFormat::json}, {"gpt2", TokenizerFormat::gpt2}, {"tiktoken", TokenizerFormat::tiktoken}});
}

ShardFormat shard_format_from(const std::string& text) {
  return one_of<ShardFormat>(text, "shard format", {{"llm.c", ShardFormat::llm_c}, {"nanogpt", ShardFormat::nanogpt}});
}

std::unique_ptr<Tokenizer> build_tokenizer(const TokenizerOptions& options, const Corpus& corpus, std::stop_token stop,
                                           const ProgressFn& progress) {
  return build_tokenizer(options, std::span(&corpus, 1), stop, progress);
}

std::unique_ptr<Tokenizer> build_tokenizer(const TokenizerOptions& options, std::span<const Corpus> corpora, std::stop_token stop,
                                           const ProgressFn& progress) {
  tokens::UnitSource all;
  all.split = SplitKind::block;
  for (const Corpus& corpus : corpora) {
    const tokens::UnitSource one = tokens::source_of(corpus);
    all.bytes += one.bytes;
    if (one.split != SplitKind::block) all.split = one.split;  // with documents there is a token that ends them
  }
  all.for_each_unit = [corpora](const std::function<void(const Unit&)>& visit, std::stop_token stopping) {
    for (const Corpus& corpus : corpora) corpus.for_each_unit(visit, stopping);
  };
  return tokens::build_tokenizer(options, all, stop, progress);
}

namespace tokens {

void bad_token(std::int32_t token, std::int64_t vocab_size) {
  throw Error(Fault::bad_data, "token " + std::to_string(token), "is not in the vocabulary of " + std::to_string(vocab_size),
              "decode with the tokenizer that made the tokens");
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested())
    throw Error(Fault::stopped, "tokens", "stopped before the token files were whole", "run the same command again");
}

UnitSource source_of(const Corpus& corpus) {
  const CorpusManifest& manifest = corpus.manifest();
  return {manifest.content_id, manifest.split, manifest.train.bytes + manifest.held_out.bytes,
          [&corpus](const std::function<void(const Unit&)>& visit, std::stop_token stop) { corpus.for_each_unit(visit, stop); }};
}

std::unique_ptr<Tokenizer> build_tokenizer(const TokenizerOptions& options, const UnitSource& source, std::stop_token stop,
                                           const ProgressFn& progress) {
  if (options.kind == TokenizerKind::bpe) return build_bpe(options, source, stop, progress);
  const bool end_of_text = source.split == SplitKind::document || source.split == SplitKind::source;
  if (options.kind == TokenizerKind::byte) return std::make_unique<ByteTokenizer>(end_of_text);

  const bool everything = options.from == VocabularyFrom::whole_corpus;
  std::vector<bool> seen(kCodePoints, false);
  source.for_each_unit(
      [&](const Unit& unit) {
        throw_if_stopped(stop);
        if (unit.held_out && !everything) return;
        for (std::size_t at = 0; at < unit.text.size();) {
          const CodePoint point = first_code_point(unit.text.substr(at));
          ISOFLOP_CHECK(point.valid);  // a unit is valid UTF-8
          seen[point.value] = true;
          at += point.length;
        }
      },
      stop);
  std::string characters;
  for (std::uint32_t value = 0; value < kCodePoints; ++value) {
    if (seen[value]) append_character(characters, value);
  }
  return std::make_unique<CharTokenizer>(std::move(characters), !everything, end_of_text);
}

}  // namespace tokens
}  // namespace isoflop
