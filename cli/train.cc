#include "cli/study_output.h"

namespace cli {
namespace {

// nanoGPT's and Hugging Face's keys, with - or _
std::string both(const std::string& key) {
  std::string dashed = key;
  for (char& c : dashed) {
    if (c == '_') c = '-';
  }
  return dashed == key ? "--" + key : "--" + key + ",--" + dashed;
}

struct Words {
  std::string optimizer, schedule, decay_on, order, activation, tokenizer, split_pattern;
};

}  // namespace

void add_train(CLI::App& program, Globals& globals) {
  struct Flags {
    StudyFlags study;
    isoflop::Study value;
    Words words;
    std::optional<std::int64_t> max_iters;
    std::uint64_t seed = 0;
  };
  const auto flags = std::make_shared<Flags>();
  isoflop::Study& study = flags->value;
  study.name = "train";
  study.title = "One model";
  study.models = {isoflop::StudyModel{"model", {}}};
  study.train.schedule.warmup_iters = 0;
  isoflop::Shape& shape = study.models.front().shape;
  isoflop::RunSpec& run = study.train;

  CLI::App* app = add_command(program, globals, "train", "Trains one model and stores it as a run.",
                              "isoflop train --data text.txt --n_layer 4 --n_head 4 --n_embd 128 --max_iters 500 --out out/one");
  app->add_option("--name", study.models.front().name, "the run's name");
  app->add_option(both("n_layer"), shape.n_layer, "blocks")->capture_default_str()->check(whole_number(1));
  app->add_option(both("n_head"), shape.n_head, "attention heads")->capture_default_str()->check(whole_number(1));
  app->add_option(both("n_embd"), shape.n_embd, "width")->capture_default_str()->check(whole_number(1));
  app->add_option(both("n_inner"), shape.n_inner, "width of the MLP (default: 4 n_embd)")->check(whole_number(0));
  app->add_option(both("block_size"), shape.block_size, "context, tokens")->capture_default_str()->check(whole_number(1));
  app->add_option("--bias", shape.bias, "biases in linear layers and LayerNorm")->capture_default_str();
  app->add_option("--dropout", shape.dropout, "share dropped in training")->capture_default_str()->check(from_zero_below_one());
  app->add_option("--activation", flags->words.activation, "gelu or gelu_tanh");
  CLI::Option* kind = app->add_option("--tokenizer", flags->words.tokenizer, "char, byte or bpe");
  app->add_option(both("tokenizer_file"), study.tokenizer_file,
                  "a tokenizer that is there: ours, Hugging Face's tokenizer.json, GPT-2's files")
      ->excludes(kind);
  CLI::Option* size = app->add_option(both("vocab_size"), study.vocab_size, "bpe: tokens, bytes and end of text included")
                          ->capture_default_str()
                          ->check(whole_number(257));
  CLI::Option* pattern =
      app->add_option(both("split_pattern"), flags->words.split_pattern, "bpe: what no merge crosses: gpt2, gpt4 or script");
  app->add_option("--optimizer", flags->words.optimizer, "adamw or adafactor");
  app->add_option(both("learning_rate"), run.optimizer.learning_rate, "peak learning rate")
      ->capture_default_str()
      ->check(above_zero());
  app->add_option(both("min_lr"), run.schedule.min_lr, "learning rate at the end")->capture_default_str()->check(from_zero());
  app->add_option("--schedule", flags->words.schedule, "constant, linear, cosine or wsd");
  app->add_option(both("warmup_iters"), run.schedule.warmup_iters, "steps of warm-up")
      ->capture_default_str()
      ->check(whole_number(0));
  app->add_option(both("weight_decay"), run.optimizer.weight_decay, "decoupled weight decay")
      ->capture_default_str()
      ->check(from_zero());
  app->add_option(both("decay_on"), flags->words.decay_on, "what decays: matrices or all");
  app->add_option("--beta1", run.optimizer.beta1, "AdamW's first decay")->capture_default_str()->check(from_zero());
  app->add_option("--beta2", run.optimizer.beta2, "AdamW's second decay")->capture_default_str()->check(from_zero());
  app->add_option(both("grad_clip"), run.optimizer.grad_clip, "global norm; 0: none")->capture_default_str()->check(from_zero());
  app->add_option(both("batch_size"), run.batch_size, "sequences")->capture_default_str()->check(whole_number(1));
  app->add_option(both("gradient_accumulation_steps"), run.gradient_accumulation_steps, "batches per update")
      ->capture_default_str()
      ->check(whole_number(1));
  CLI::Option* iters = app->add_option(both("max_iters"), flags->max_iters, "updates (default 500)")->check(whole_number(1));
  CLI::Option* flops = app->add_option(both("target_flops"), study.target_flops, "updates so that training takes this many FLOPs")
                           ->check(above_zero())
                           ->excludes(iters);
  app->add_option(both("target_param_data_ratio"), study.target_param_data_ratio, "updates so that tokens / params is this")
      ->check(above_zero())
      ->excludes(iters)
      ->excludes(flops);
  app->add_option(both("eval_interval"), run.eval.interval, "updates between evaluations; 0: at the end only")
      ->capture_default_str()
      ->check(whole_number(0));
  app->add_option("--patience,--eval_patience,--eval-patience", run.eval.patience,
                  "stop after this many evaluations without a better held-out loss; 0: never")
      ->capture_default_str()
      ->check(whole_number(0));
  app->add_option("--order", flags->words.order, "epochs, random_windows, easy_first or hard_first");
  app->add_option("--seed", flags->seed, "of weights and batches")->capture_default_str()->check(whole_number(0));
  add_study_flags(*app, flags->study);

  app->callback([flags, &globals, size, pattern] {
    isoflop::Study& value = flags->value;
    const Words& words = flags->words;
    if (flags->max_iters) value.train.max_iters = *flags->max_iters;
    value.seeds = {flags->seed};
    const auto set_word = [](const std::string& word, const char* flag, auto& target, auto parse) {
      if (word.empty()) return;
      try {
        target = parse(word);
      } catch (const isoflop::Error& error) {
        throw isoflop::Error(isoflop::Fault::usage, flag, error.problem(), error.hint());
      }
    };
    set_word(words.activation, "--activation", value.models.front().shape.activation, isoflop::activation_from);
    set_word(words.tokenizer, "--tokenizer", value.tokenizer, isoflop::tokenizer_kind_from);
    set_word(words.split_pattern, "--split_pattern", value.split_pattern, isoflop::split_pattern_from);
    if (value.tokenizer != isoflop::TokenizerKind::bpe && size->count() + pattern->count() > 0) {
      throw isoflop::Error(isoflop::Fault::usage, size->count() > 0 ? "--vocab_size" : "--split_pattern",
                           "belongs to --tokenizer bpe");
    }
    set_word(words.optimizer, "--optimizer", value.train.optimizer.kind,
             [](const auto& w) { return isoflop::parse_enum<isoflop::OptimizerKind>(w, "optimizer"); });
    set_word(words.schedule, "--schedule", value.train.schedule.kind,
             [](const auto& w) { return isoflop::parse_enum<isoflop::ScheduleKind>(w, "schedule"); });
    set_word(words.decay_on, "--decay_on", value.train.optimizer.decay_on,
             [](const auto& w) { return isoflop::parse_enum<isoflop::DecayOn>(w, "decay_on"); });
    set_word(words.order, "--order", value.train.order,
             [](const auto& w) { return isoflop::parse_enum<isoflop::BatchOrder>(w, "order"); });
    isoflop::Shape probe = value.models.front().shape;
    probe.vocab_size = 1;
    isoflop::validate(probe);
    const isoflop::LabOptions options = apply(flags->study, globals, value);
    do_study(value, options, flags->study, globals);
  });
}

}  // namespace cli
