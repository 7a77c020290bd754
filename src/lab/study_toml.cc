// A study written as text; study.cc reads it.
#include <toml++/toml.h>

#include <sstream>

#include "isoflop/lab.h"
#include "lab/mixture_toml.h"

namespace isoflop {
namespace {

template <class T>
toml::array array_of(const std::vector<T>& values) {
  toml::array array;
  for (const T& value : values) array.push_back(value);
  return array;
}

toml::table data_table(const Study& study) {
  const RunSpec& run = study.train;
  toml::table data{{"inputs", array_of(study.corpus.inputs)},
                   {"text_key", study.corpus.text_key},
                   {"source_key", study.corpus.source_key},
                   {"utf8", to_string(study.corpus.utf8)},
                   {"split", to_string(study.corpus.split)},
                   {"val_fraction", study.corpus.val_fraction},
                   {"block_characters", study.corpus.block_characters},
                   {"near_duplicates_together", study.corpus.near_duplicates_together},
                   {"order", to_string(run.order)},
                   {"token_noise", run.token_noise}};
  if (!study.recipe.empty()) data.insert("recipe", study.recipe);
  if (!study.tokenizer_file.empty()) {
    data.insert("tokenizer_file", study.tokenizer_file);
  } else {
    data.insert("tokenizer", to_string(study.tokenizer));
    data.insert("vocabulary", study.vocabulary == VocabularyFrom::whole_corpus ? "whole_corpus" : "training_split");
  }
  if (study.tokenizer == TokenizerKind::bpe) {
    data.insert("vocab_size", study.vocab_size);
    data.insert("split_pattern", to_string(study.split_pattern));
  }
  return data;
}

toml::table train_table(const Study& study) {
  const RunSpec& run = study.train;
  const std::vector<std::int64_t> seeds(study.seeds.begin(), study.seeds.end());
  toml::table train{{"optimizer", to_string(run.optimizer.kind)},
                    {"learning_rate", run.optimizer.learning_rate},
                    {"beta1", run.optimizer.beta1},
                    {"epsilon", run.optimizer.epsilon},
                    {"weight_decay", run.optimizer.weight_decay},
                    {"decay_on", to_string(run.optimizer.decay_on)},
                    {"grad_clip", run.optimizer.grad_clip},
                    {"schedule", to_string(run.schedule.kind)},
                    {"warmup_from_zero", run.schedule.warmup_from_zero},
                    {"min_lr", run.schedule.min_lr},
                    {"decay_fraction", run.schedule.decay_fraction},
                    {"batch_size", run.batch_size},
                    {"gradient_accumulation_steps", run.gradient_accumulation_steps},
                    {"grad_lanes", run.grad_lanes},
                    {"seeds", array_of(seeds)}};
  if (study.dtype) train.insert("dtype", to_string(*study.dtype));
  if (study.init_std_scaled) {
    train.insert("init_std", "scaled");
  } else {
    train.insert("init_std", run.init_std);
  }
  if (study.beta2_scaled) {
    train.insert("beta2", "scaled");
  } else {
    train.insert("beta2", run.optimizer.beta2);
  }
  if (study.warmup_scaled) {
    train.insert("warmup_iters", "scaled");
  } else {
    train.insert("warmup_iters", run.schedule.warmup_iters);
  }
  if (study.min_lr_fraction) train.insert("min_lr_fraction", *study.min_lr_fraction);
  if (study.target_flops) {
    train.insert("target_flops", *study.target_flops);
  } else if (study.target_param_data_ratio) {
    train.insert("target_param_data_ratio", *study.target_param_data_ratio);
  } else {
    train.insert("max_iters", run.max_iters);
  }
  if (study.budget_minutes) train.insert("budget_minutes", *study.budget_minutes);
  return train;
}

toml::array models_array(const Study& study) {
  toml::array models;
  for (const StudyModel& model : study.models) {
    const Shape& s = model.shape;
    models.push_back(toml::table{{"name", model.name}, {"n_layer", s.n_layer}, {"n_head", s.n_head}, {"n_kv_head", s.n_kv_head},
                                 {"n_embd", s.n_embd}, {"n_inner", s.n_inner}, {"block_size", s.block_size}, {"bias", s.bias},
                                 {"tied_head", s.tied_head}, {"dropout", s.dropout}, {"experts", s.experts}, {"top_k", s.top_k},
                                 {"activation", to_string(s.activation)}});
  }
  return models;
}

}  // namespace

std::string to_toml(const Study& study) {
  const RunSpec& run = study.train;
  toml::table root{
      {"name", study.name},
      {"title", study.title},
      {"data", data_table(study)},
      {"models", models_array(study)},
      {"train", train_table(study)},
      {"eval",
       toml::table{{"interval", run.eval.interval}, {"patience", run.eval.patience}, {"max_windows", run.eval.max_windows}}},
      {"fit", toml::table{{"loss", array_of(study.fit_losses)}, {"allow_repeated", study.allow_repeated}}}};
  if (!study.reproduces.empty()) root.insert("reproduces", study.reproduces);
  if (study.mixture) root.insert("mixture", lab::toml_of(*study.mixture));
  if (study.steps_set) root.insert("budget", toml::table{{"by", study.steps_set->by}, {"max_iters", study.steps_set->asked}});
  if (study.learning_rate_sweep) {
    const LearningRateSweep& sweep = *study.learning_rate_sweep;
    root.insert(
        "learning_rate_sweep",
        toml::table{{"start", sweep.start}, {"factor", sweep.factor}, {"length", sweep.length}, {"widest", sweep.widest}});
  }
  std::ostringstream out;
  out << "# the study as it was resolved; reading it back gives the same study\n" << root << '\n';
  return out.str();
}

}  // namespace isoflop
