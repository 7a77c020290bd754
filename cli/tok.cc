// isoflop tok: tokenizers and token files.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/arguments.h"
#include "cli/corpus_flags.h"
#include "cli/tok_output.h"
#include "isoflop/corpus.h"
#include "isoflop/tokens.h"

namespace cli {
namespace {

namespace fs = std::filesystem;

struct TokFlags {
  CorpusFlags corpus;
  TokenizerFlags tokenizer;
  std::string kind = "char", split_pattern = "gpt4", out, tokens, side = "val", path;
  bool bpe = false, whole_corpus = false, count_only = false;
  std::int64_t vocab_size = isoflop::TokenizerOptions().vocab_size, least_count = isoflop::TokenizerOptions().least_count;
  std::int64_t threads = 1, first = 0, count = 200;
  std::vector<std::int32_t> ids;
};

std::int64_t invalid_bytes(const isoflop::Corpus& corpus) {
  std::int64_t bytes = 0;
  for (const isoflop::SourceFacts& source : corpus.manifest().sources) bytes += source.invalid_bytes;
  return bytes;
}

void train(const TokFlags& flags, const Globals& globals) {
  isoflop::TokenizerOptions options;
  options.kind = flags.bpe ? isoflop::TokenizerKind::bpe : isoflop::tokenizer_kind_from(flags.kind);
  options.from = flags.whole_corpus ? isoflop::VocabularyFrom::whole_corpus : isoflop::VocabularyFrom::training_split;
  options.vocab_size = flags.vocab_size;
  options.pattern = isoflop::split_pattern_from(flags.split_pattern);
  options.least_count = flags.least_count;
  options.threads = flags.threads;
  const isoflop::Corpus corpus = open_corpus(flags.corpus, globals);
  refuse_to_overwrite("--out", flags.out, files_of(corpus));
  const auto tokenizer = isoflop::build_tokenizer(options, corpus, stop_requested(), progress_to_stderr(globals));
  isoflop::write_tokenizer(*tokenizer, flags.out);
  Json facts = facts_of(*tokenizer);
  facts["file"] = flags.out;
  facts["invalid_bytes"] = invalid_bytes(corpus);
  print_facts(facts, globals);
}

void count(const TokFlags& flags, const Globals& globals) {
  const auto tokenizer = read_tokenizer(flags.tokenizer);
  CorpusFlags whole = flags.corpus;
  whole.split = "none";
  const isoflop::Corpus corpus = open_corpus(whole, globals);
  print_counts(isoflop::count_tokens(corpus, *tokenizer, flags.threads, stop_requested(), progress_to_stderr(globals)),
               *tokenizer, globals);
}

void encode(const TokFlags& flags, const Globals& globals) {
  if (flags.count_only) return count(flags, globals);
  if (flags.out.empty())
    throw isoflop::Error(isoflop::Fault::usage, "--out", "is missing: the folder that gets a folder of token files",
                         "or count only, with --count");
  const auto tokenizer = read_tokenizer(flags.tokenizer);
  const isoflop::Corpus corpus = open_corpus(flags.corpus, globals);
  isoflop::EncodeOptions options;
  options.root = flags.out;
  options.threads = flags.threads;
  Json facts = facts_of(isoflop::encode_corpus(corpus, *tokenizer, options, stop_requested(), progress_to_stderr(globals)));
  facts["invalid_bytes"] = invalid_bytes(corpus);
  print_facts(facts, globals);
}

std::vector<std::int32_t> ids_from(const TokFlags& flags, const isoflop::Tokenizer& tokenizer) {
  if (flags.tokens.empty()) return flags.ids;
  const isoflop::TokenSet set = isoflop::open_tokens(flags.tokens);
  if (set.tokenizer_id != tokenizer.id()) {
    throw isoflop::Error(isoflop::Fault::bad_data, flags.tokens,
                         "was made with tokenizer " + set.tokenizer_id + ", not " + tokenizer.id(),
                         "give the tokenizer.json it was made with");
  }
  if (flags.side != "train" && flags.side != "val")
    throw isoflop::Error(isoflop::Fault::usage, "--side", "`" + flags.side + "`, expected train or val");
  const isoflop::TokenSplit& split = flags.side == "train" ? *set.train : *set.held_out;
  if (flags.first < 0 || flags.count < 0 || flags.first > split.size()) {
    throw isoflop::Error(isoflop::Fault::usage, "--first, --count",
                         "outside the split of " + std::to_string(split.size()) + " tokens");
  }
  std::vector<std::int32_t> ids(static_cast<std::size_t>(std::min(flags.count, split.size() - flags.first)));
  split.copy(flags.first, static_cast<std::int64_t>(ids.size()), ids.data());
  return ids;
}

void decode(const TokFlags& flags, const Globals& globals) {
  const auto tokenizer = read_tokenizer(flags.tokenizer);
  const std::vector<std::int32_t> ids = ids_from(flags, *tokenizer);
  const std::string text = tokenizer->decode(ids);
  if (!globals.json) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (!text.ends_with('\n')) std::putchar('\n');
    return;
  }
  // byte tokens may be cut inside a character: JSON needs valid UTF-8
  const std::string safe = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  print_json({{"tokens", ids}, {"text", Json::parse(safe)}});
}

void inspect(const TokFlags& flags, const Globals& globals) {
  const auto holds = [&](const char* file) { return fs::exists(fs::path(flags.path) / file); };
  if (fs::is_directory(flags.path) && !holds("tokenizer.json") && !holds("vocab.json") && !holds("encoder.json")) {
    print_facts(facts_of(isoflop::open_tokens(flags.path)), globals);
  } else {
    print_facts(facts_of(*read_tokenizer(TokenizerFlags{flags.path, flags.tokenizer.split_pattern})), globals);
  }
}

}  // namespace

void add_tok(CLI::App& program, Globals& globals) {
  CLI::App* tok = add_command(program, globals, "tok", "Tokenizers and token files.",
                              "isoflop tok train text.txt --kind char --out tokenizer.json");
  tok->require_subcommand(1);
  const auto flags = std::make_shared<TokFlags>();

  CLI::App* app = add_command(*tok, globals, "train", "Builds a tokenizer from a corpus.",
                              "isoflop tok train text.txt --kind char --out tokenizer.json");
  add_corpus_flags(*app, flags->corpus);
  add_split_flags(*app, flags->corpus);
  CLI::Option* kind = app->add_option("--kind", flags->kind, "char, byte or bpe")->capture_default_str();
  app->add_flag("--bpe", flags->bpe, "as --kind bpe: byte-pair encoding, written as Hugging Face's tokenizer.json")
      ->excludes(kind);
  app->add_option("--vocab_size,--vocab-size", flags->vocab_size, "bpe: tokens, bytes and end of text included")
      ->capture_default_str()
      ->check(whole_number(1));
  app->add_option("--split_pattern,--split-pattern", flags->split_pattern,
                  "bpe: what no merge crosses: gpt2, gpt4 or script (Japanese)")
      ->capture_default_str();
  app->add_option("--min_count,--min-count", flags->least_count, "bpe: pairs that occur less often are not merged")
      ->capture_default_str()
      ->check(whole_number(1));
  app->add_option("--threads", flags->threads, "cores to count on")->capture_default_str()->check(whole_number(1));
  app->add_option("--out", flags->out, "the file to write")->required();
  app->add_flag("--whole-corpus", flags->whole_corpus,
                "vocabulary from held-out text too (only to reproduce the source experiment)");
  app->callback([flags, app, &globals] {
    if (!flags->bpe && flags->kind != "bpe") {
      for (const char* flag : {"--vocab-size", "--split-pattern", "--min-count"})
        if (app->get_option(flag)->count() > 0) throw isoflop::Error(isoflop::Fault::usage, flag, "belongs to --kind bpe");
    }
    train(*flags, globals);
  });

  app = add_command(*tok, globals, "encode", "Encodes a corpus into checksummed token files, or counts its tokens.",
                    "isoflop tok encode text.txt --tokenizer tokenizer.json --out tokens");
  add_corpus_flags(*app, flags->corpus);
  const std::vector<CLI::Option*> split = add_split_flags(*app, flags->corpus);
  add_tokenizer_flags(*app, flags->tokenizer);
  app->add_option("--out", flags->out, "the folder that gets a folder of token files");
  CLI::Option* only =
      app->add_flag("--count", flags->count_only, "count the tokens of every source, documents taken whole, and write nothing");
  for (CLI::Option* each : split) each->excludes(only);
  app->add_option("--threads", flags->threads, "cores to encode on")->capture_default_str();
  app->callback([flags, &globals] { encode(*flags, globals); });

  app = add_command(*tok, globals, "decode", "Token ids back to text.", "isoflop tok decode --tokenizer tokenizer.json 12 34 56");
  app->add_option("ids", flags->ids, "token ids");
  add_tokenizer_flags(*app, flags->tokenizer);
  app->add_option("--tokens", flags->tokens, "a token folder instead of ids");
  app->add_option("--side", flags->side, "of the token folder: train or val")->capture_default_str();
  app->add_option("--first", flags->first, "first token of the split")->capture_default_str();
  app->add_option("--count", flags->count, "tokens of the split")->capture_default_str();
  app->callback([flags, &globals] { decode(*flags, globals); });

  app = add_command(*tok, globals, "inspect", "What a tokenizer or a token folder holds; every checksum is verified.",
                    "isoflop tok inspect tokenizer.json");
  app->add_option("path", flags->path, "tokenizer.json or a token folder")->required();
  app->add_option("--split_pattern,--split-pattern", flags->tokenizer.split_pattern,
                  "how a rank file's text is cut: gpt2, gpt4 or script");
  app->callback([flags, &globals] { inspect(*flags, globals); });
  add_tok_files(*tok, globals);
}

}  // namespace cli
