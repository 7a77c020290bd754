// tokenizer.json in the form of Hugging Face's tokenizers (docs/formats/tokenizer.md).
#include <simdjson.h>

#include <algorithm>
#include <string_view>

#include "base/json.h"
#include "tokens/bpe_tokenizer.h"
#include "tokens/byte_alphabet.h"
#include "tokens/named_vocab.h"

namespace isoflop::tokens {
namespace {

namespace dom = simdjson::dom;

constexpr const char* kOnlyHint = "only byte-level BPE is read here, as GPT-2 and its successors have it";

// stands for itself in a regular expression
bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class JsonTokenizer {
 public:
  JsonTokenizer(const std::string& text, const std::string& subject) : subject_(subject), vocab_(subject) {
    dom::element root;
    if (const auto code = parser_.parse(text).get(root); code != simdjson::SUCCESS) {
      throw Error(Fault::bad_data, subject, std::string("damaged JSON: ") + simdjson::error_message(code),
                  "bring the file again");
    }
    if (root.get(root_) != simdjson::SUCCESS) throw Error(Fault::bad_data, subject, "is not a tokenizer: its JSON is no object");
  }

  std::unique_ptr<Tokenizer> read() {
    const dom::object model = object_at(root_, "model");
    const std::string_view type = text_at(model, "type").value_or(find(model, "merges") ? "BPE" : "of no type");
    if (type != "BPE") refuse("model type `" + std::string(type) + "`");
    check_model(model);
    if (const auto normalizer = find(root_, "normalizer")) refuse_unless_empty(*normalizer, "normalizer", "normalizers");
    if (const auto decoder = find(root_, "decoder")) check_decoder(*decoder);
    const auto before = find(root_, "pre_tokenizer");
    if (!before) refuse("a pre_tokenizer that is null");
    read_step(*before);
    if (!byte_level_) refuse("a pre_tokenizer without ByteLevel");

    read_vocab(object_at(model, "vocab"));
    read_merges(model);
    std::vector<SpecialToken> specials = read_added();
    const bool whole_chunks_first = flag_at(model, "ignore_merges", false);
    BpeModel bpe(vocab_.parts(std::move(specials), whole_chunks_first), subject_);
    return std::make_unique<BpeTokenizer>(std::move(bpe), Splitter(std::move(patterns_), subject_));
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(Fault::bad_data, subject_, what + " is not supported", kOnlyHint);
  }
  [[noreturn]] void wrong(const std::string& key, const std::string& expected) const {
    throw Error(Fault::bad_data, subject_, "key `" + key + "` is missing or of the wrong type, expected " + expected);
  }

  // null is absent
  static std::optional<dom::element> find(dom::object object, std::string_view key) {
    dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
  }
  [[nodiscard]] dom::object object_at(dom::object object, const std::string& key) const {
    dom::object inner;
    if (object.at_key(key).get(inner) != simdjson::SUCCESS) wrong(key, "an object");
    return inner;
  }
  [[nodiscard]] std::optional<std::string_view> text_at(dom::object object, const std::string& key) const {
    const auto value = find(object, key);
    std::string_view text;
    if (!value) return std::nullopt;
    if (value->get(text) != simdjson::SUCCESS) wrong(key, "text");
    return text;
  }
  [[nodiscard]] bool flag_at(dom::object object, const std::string& key, bool otherwise) const {
    const auto value = find(object, key);
    if (value && value->get(otherwise) != simdjson::SUCCESS) wrong(key, "true or false");
    return otherwise;
  }
  [[nodiscard]] std::string type_of(dom::element element, const std::string& key) const {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) wrong(key, "an object");
    return std::string(text_at(object, "type").value_or("of no type"));
  }

  void check_model(dom::object model) const {
    if (const auto dropout = find(model, "dropout")) {
      double share = 1;
      if (dropout->get(share) != simdjson::SUCCESS || share != 0) refuse("BPE dropout");
    }
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!text_at(model, affix).value_or("").empty()) refuse(std::string("BPE with a ") + affix);
    }
    if (flag_at(model, "byte_fallback", false)) refuse("BPE with byte_fallback");
  }

  void refuse_unless_empty(dom::element element, const std::string& key, const std::string& list) const {
    dom::object object;
    dom::array inner;
    const std::string type = type_of(element, key);
    const bool empty = type == "Sequence" && element.get(object) == simdjson::SUCCESS &&
                       object.at_key(list).get(inner) == simdjson::SUCCESS && inner.size() == 0;
    if (!empty) refuse(key + " `" + type + "`");
  }

  void check_decoder(dom::element decoder) const {
    if (const std::string type = type_of(decoder, "decoder"); type != "ByteLevel") refuse("decoder `" + type + "`");
  }

  // what cuts the text, one step after another
  void read_step(dom::element element) {
    const std::string type = type_of(element, "pre_tokenizer");
    dom::object step;
    if (element.get(step) != simdjson::SUCCESS) wrong("pre_tokenizer", "an object");
    if (byte_level_) refuse("pre_tokenizer `" + type + "` behind ByteLevel");
    if (type == "Sequence") {
      dom::array steps;
      if (step.at_key("pretokenizers").get(steps) != simdjson::SUCCESS) wrong("pretokenizers", "a list");
      for (const dom::element inner : steps) {
        if (type_of(inner, "pretokenizers") == "Sequence") refuse("a Sequence in a Sequence of pre_tokenizers");
        read_step(inner);
      }
    } else if (type == "Split") {
      read_split(step);
    } else if (type == "Digits") {
      patterns_.push_back(flag_at(step, "individual_digits", false) ? "\\p{N}" : "\\p{N}+");
    } else if (type == "ByteLevel") {
      if (flag_at(step, "add_prefix_space", false)) refuse("ByteLevel with add_prefix_space");
      if (flag_at(step, "use_regex", true)) patterns_.push_back(regex_of(SplitPattern::gpt2));
      byte_level_ = true;
    } else {
      refuse("pre_tokenizer `" + type + "`");
    }
  }

  void read_split(dom::object step) {
    const dom::object pattern = object_at(step, "pattern");
    std::string regex;
    if (const auto text = text_at(pattern, "Regex")) {
      regex = *text;
    } else if (const auto literal = text_at(pattern, "String")) {
      for (const char c : *literal) regex += is_plain(c) ? std::string{c} : std::string{'\\', c};
    } else {
      wrong("pattern", "a Regex or a String");
    }
    // where a pattern leaves nothing between its matches, removing what lies between them is isolating them
    const std::string behavior(text_at(step, "behavior").value_or("Isolated"));
    const bool invert = flag_at(step, "invert", false);
    const bool isolates = (behavior == "Isolated" && !invert) ||
                          (behavior == "Removed" && invert && Splitter({regex}, subject_).covers_everything());
    if (!isolates) refuse("Split with behavior `" + behavior + "`" + (invert ? " inverted" : ""));
    patterns_.push_back(std::move(regex));
  }

  void read_vocab(dom::object vocab) {
    for (const auto& [name, value] : vocab) {
      std::int64_t id = -1;
      if (value.get(id) != simdjson::SUCCESS)
        throw Error(Fault::bad_data, subject_, "the id of token `" + std::string(name.substr(0, 60)) + "` is not a whole number");
      vocab_.add(name, id);
    }
  }

  void read_merges(dom::object model) {
    dom::array merges;
    if (model.at_key("merges").get(merges) != simdjson::SUCCESS) wrong("merges", "a list");
    std::size_t number = 0;
    for (const dom::element merge : merges) {
      const std::string place = "merge " + std::to_string(++number) + ": ";
      std::string_view line, left, right;
      dom::array two;
      if (merge.get(line) == simdjson::SUCCESS) {
        vocab_.merge_line(line, place);
      } else if (merge.get(two) == simdjson::SUCCESS && two.size() == 2 && two.at(0).get(left) == simdjson::SUCCESS &&
                 two.at(1).get(right) == simdjson::SUCCESS) {
        vocab_.merge(left, right, place);
      } else {
        throw Error(Fault::bad_data, subject_, place + "is neither text nor a pair of texts");
      }
    }
  }

  std::vector<SpecialToken> read_added() {
    std::vector<SpecialToken> specials;
    const auto added = find(root_, "added_tokens");
    dom::array list;
    if (!added) return specials;
    if (added->get(list) != simdjson::SUCCESS) wrong("added_tokens", "a list");
    for (const dom::element element : list) {
      dom::object token;
      std::int64_t id = -1;
      if (element.get(token) != simdjson::SUCCESS || token.at_key("id").get(id) != simdjson::SUCCESS)
        wrong("added_tokens", "objects with an id");
      const std::string content(text_at(token, "content").value_or(""));
      const bool bracketed = content.size() > 2 && content.front() == '<' && content.back() == '>';
      if (!flag_at(token, "special", false) && !bracketed)
        refuse("the added token `" + content.substr(0, 60) + "`, which is not special,");
      const auto known = vocab_.find(content);
      if (known && *known != id) {
        throw Error(Fault::bad_data, subject_,
                    "added token `" + content.substr(0, 60) + "` has id " + std::to_string(id) + ", and " +
                        std::to_string(*known) + " in the vocabulary");
      }
      if (!known) vocab_.add(content, id);
      const bool twice = std::any_of(specials.begin(), specials.end(), [&](const SpecialToken& other) { return other.id == id; });
      if (!twice) specials.push_back({content, static_cast<std::int32_t>(id)});
    }
    return specials;
  }

  std::string subject_;
  dom::parser parser_;
  dom::object root_;
  NamedVocab vocab_;
  std::vector<std::string> patterns_;
  bool byte_level_ = false;
};

std::string json_text(const std::string& text) { return Json(text).dump(); }

constexpr const char* kByteLevel = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":)";

std::string pre_tokenizer_json(const Splitter& splitter) {
  const auto& patterns = splitter.patterns();
  if (patterns.size() == 1 && patterns.front() == regex_of(SplitPattern::gpt2)) return std::string(kByteLevel) + "true}";
  std::string json = R"({"type":"Sequence","pretokenizers":[)";
  for (const std::string& pattern : patterns) {
    json += R"({"type":"Split","pattern":{"Regex":)" + json_text(pattern) + R"(},"behavior":"Isolated","invert":false},)";
  }
  return json + kByteLevel + "false}]}";
}

}  // namespace

std::unique_ptr<Tokenizer> bpe_from_json(const std::string& text, const std::string& subject) {
  return JsonTokenizer(text, subject).read();
}

std::string BpeTokenizer::to_json() const {
  const BpeParts& parts = model_.parts();
  std::vector<std::string> names(parts.tokens.size());
  for (std::size_t id = 0; id < names.size(); ++id) names[id] = to_alphabet(parts.tokens[id]);
  std::string json = "{\"version\":\"1.0\",\n\"truncation\":null,\n\"padding\":null,\n\"added_tokens\":[";
  const char* between = "";
  for (const SpecialToken& special : parts.specials) {
    names[static_cast<std::size_t>(special.id)] = special.text;
    json += between + std::string(R"({"id":)") + std::to_string(special.id) + R"(,"content":)" + json_text(special.text) +
            R"(,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true})";
    between = ",";
  }
  json += "],\n\"normalizer\":null,\n\"pre_tokenizer\":" + pre_tokenizer_json(splitter_) + ",\n\"post_processor\":null,\n" +
          R"("decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},)" + "\n" +
          R"("model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,)" +
          R"("fuse_unk":false,"byte_fallback":false,"ignore_merges":)" + (parts.whole_chunks_first ? "true" : "false") +
          ",\n\"vocab\":{";
  between = "";
  for (std::size_t id = 0; id < names.size(); ++id) {
    if (names[id].empty()) continue;
    json += between + json_text(names[id]) + ":" + std::to_string(id);
    between = ",";
  }
  json += "},\n\"merges\":[";
  between = "";
  for (const Merge& merge : parts.merges) {
    json += between + json_text(names[static_cast<std::size_t>(merge.left)] + " " + names[static_cast<std::size_t>(merge.right)]);
    between = ",";
  }
  return json + "]}}\n";
}

}  // namespace isoflop::tokens
