// isoflop tok convert, export, import: tokenizers and token files in the forms of other programs.
#include <cstdio>
#include <memory>

#include "cli/arguments.h"
#include "cli/tok_output.h"

namespace cli {
namespace {

struct FileFlags {
  TokenizerFlags tokenizer;
  std::string tokens, out, format, name = "tokens";
  std::vector<std::string> train, held_out;
};

void convert(const FileFlags& flags, const Globals& globals) {
  const auto format = isoflop::tokenizer_format_from(flags.format);
  refuse_to_overwrite("--out", flags.out, {});
  const auto tokenizer = read_tokenizer(flags.tokenizer);
  isoflop::write_tokenizer(*tokenizer, flags.out, format);
  Json facts = facts_of(*tokenizer);
  facts["file"] = flags.out;
  print_facts(facts, globals);
}

void export_tokens(const FileFlags& flags, const Globals& globals) {
  const auto format = isoflop::shard_format_from(flags.format);
  const isoflop::TokenSet set = isoflop::open_tokens(flags.tokens);
  Json files = Json::array();
  for (const isoflop::ShardFile& file : isoflop::export_shards(set, format, flags.out, flags.name, stop_requested())) {
    files.push_back({{"path", file.path}, {"tokens", file.tokens}});
    if (!globals.json)
      std::printf("%s  %s tokens\n", file.path.c_str(), isoflop::format_count(static_cast<double>(file.tokens)).c_str());
  }
  if (globals.json) print_json({{"files", files}});
}

void import_tokens(const FileFlags& flags, const Globals& globals) {
  isoflop::ImportOptions options;
  options.train = flags.train;
  options.held_out = flags.held_out;
  options.root = flags.out;
  if (!flags.format.empty()) options.format = isoflop::shard_format_from(flags.format);
  const auto tokenizer = read_tokenizer(flags.tokenizer);
  print_facts(facts_of(isoflop::import_shards(options, *tokenizer, stop_requested(), progress_to_stderr(globals))), globals);
}

}  // namespace

void add_tok_files(CLI::App& tok, Globals& globals) {
  auto flags = std::make_shared<FileFlags>();
  flags->format = "json";
  CLI::App* app = add_command(tok, globals, "convert", "Writes a tokenizer in the form of another program.",
                              "isoflop tok convert --tokenizer gpt2/ --out tokenizer.json");
  add_tokenizer_flags(*app, flags->tokenizer);
  app->add_option("--out", flags->out, "the file, or for gpt2 the folder, to write")->required();
  app->add_option("--format", flags->format,
                  "json (Hugging Face's tokenizer.json), gpt2 (vocab.json and merges.txt) or tiktoken (ranks)")
      ->capture_default_str();
  app->callback([flags, &globals] { convert(*flags, globals); });

  flags = std::make_shared<FileFlags>();
  flags->format = "llm.c";
  app = add_command(tok, globals, "export", "Writes a token folder as shards of llm.c or nanoGPT.",
                    "isoflop tok export tokens/0123456789abcdef --format nanogpt --out shards");
  app->add_option("tokens", flags->tokens, "a token folder, as `tok encode` makes it")->required();
  app->add_option("--format", flags->format, "llm.c or nanogpt")->capture_default_str();
  app->add_option("--name", flags->name, "llm.c: how the files' names begin")->capture_default_str();
  app->add_option("--out", flags->out, "the folder to write into")->required();
  app->callback([flags, &globals] { export_tokens(*flags, globals); });

  flags = std::make_shared<FileFlags>();
  app = add_command(tok, globals, "import", "Reads shards of llm.c or nanoGPT into a token folder.",
                    "isoflop tok import --train train.bin --val val.bin --tokenizer gpt2/ --out tokens");
  app->add_option("--train", flags->train, "shards to train on, in order")->required();
  app->add_option("--val", flags->held_out, "held-out shards, in order");
  add_tokenizer_flags(*app, flags->tokenizer);
  app->add_option("--format", flags->format, "llm.c or nanogpt (default: llm.c where a header says so, else nanogpt)");
  app->add_option("--out", flags->out, "the folder that gets a folder of token files")->required();
  app->callback([flags, &globals] { import_tokens(*flags, globals); });
}

}  // namespace cli
