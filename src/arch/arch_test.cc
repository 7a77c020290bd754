#include "isoflop/arch.h"

#include <gmock/gmock.h>

#include <limits>
#include <ostream>

#include "isoflop/base.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

struct Known {
  const char* name;
  std::int64_t n_layer, n_head, n_embd, vocab_size, block_size;
  std::int64_t params, params_non_embedding, params_matmul;
};
std::ostream& operator<<(std::ostream& out, const Known& known) {
  return out << known.name;
}

Shape shape_of(const Known& known) {
  Shape shape;
  shape.n_layer = known.n_layer;
  shape.n_head = known.n_head;
  shape.n_embd = known.n_embd;
  shape.vocab_size = known.vocab_size;
  shape.block_size = known.block_size;
  return shape;
}

class EveryKnownModel : public testing::TestWithParam<Known> {};

TEST_P(EveryKnownModel, CountsItsParametersInThreeWays) {
  const ParamCounts counts = param_counts(shape_of(GetParam()));
  EXPECT_EQ(counts.params, GetParam().params);
  EXPECT_EQ(counts.params_non_embedding, GetParam().params_non_embedding);
  EXPECT_EQ(counts.params_matmul, GetParam().params_matmul);
}

TEST_P(EveryKnownModel, HasARegistryThatAddsUpToTheCounts) {
  for (const bool bias : {true, false}) {
    Shape shape = shape_of(GetParam());
    shape.bias = bias;
    std::int64_t all = 0, embeddings = 0, matrices = 0;
    for (const ParameterSpec& spec : parameter_registry(shape)) {
      all += spec.size();
      if (spec.kind == ParamKind::embedding) embeddings += spec.size();
      if (spec.kind == ParamKind::matrix) matrices += spec.size();
    }
    const ParamCounts counts = param_counts(shape);
    EXPECT_EQ(counts.params, all);
    EXPECT_EQ(counts.params_non_embedding, all - embeddings);
    EXPECT_EQ(counts.params_matmul, matrices + shape.vocab_size * shape.n_embd);
  }
}

INSTANTIATE_TEST_SUITE_P(Arch, EveryKnownModel,
                         testing::Values(Known{"tiny", 2, 2, 64, 3554, 256, 343'936, 100'096, 325'760},
                                         Known{"small", 4, 4, 128, 3554, 256, 1'281'024, 793'344, 1'241'344},
                                         Known{"medium", 6, 6, 192, 3554, 256, 3'401'088, 2'669'568, 3'336'576},
                                         Known{"base", 6, 8, 256, 3554, 256, 5'714'432, 4'739'072, 5'628'416},
                                         Known{"large", 8, 8, 384, 3554, 256, 15'659'520, 14'196'480, 15'520'512},
                                         Known{"gpt2", 12, 12, 768, 50257, 1024, 124'439'808, 85'056'000, 123'532'032},
                                         Known{"gpt2_medium", 24, 16, 1024, 50257, 1024, 354'823'168, 302'311'424, 353'453'056},
                                         Known{"gpt2_large", 36, 20, 1280, 50257, 1024, 774'030'080, 708'390'400, 772'117'760},
                                         Known{"gpt2_xl", 48, 25, 1600, 50257, 1024, 1'557'611'200, 1'475'561'600,
                                               1'554'971'200}),
                         [](const auto& known) { return std::string(known.param.name); });

TEST(FlopsPerToken, OfGpt2AreThePublishedFormulas) {
  const FlopsPerToken small = flops_per_token(shape_of({"", 12, 12, 768, 50257, 1024, 0, 0, 0}));
  EXPECT_EQ(small.six_n, 746'638'848.0);
  EXPECT_EQ(small.full_attention, 855'166'464.0);
  EXPECT_EQ(small.exact, 797'870'592.0);
  const FlopsPerToken xl = flops_per_token(shape_of({"", 48, 25, 1600, 50257, 1024, 0, 0, 0}));
  EXPECT_EQ(xl.six_n, 9'345'667'200.0);
  EXPECT_EQ(xl.full_attention, 10'279'555'200.0);
  EXPECT_EQ(xl.exact, 9'802'147'200.0);
}

TEST(ParamCounts, WithoutBiasesAndWithAnyInnerSizeStillAddUp) {
  Shape shape = shape_of({"", 12, 12, 768, 50257, 1024, 0, 0, 0});
  shape.bias = false;
  EXPECT_EQ(param_counts(shape).params, 124'337'664);
  shape.n_inner = 1000;
  EXPECT_EQ(param_counts(shape).params, 124'337'664 - 12 * 2 * 768 * (3072 - 1000));
}

TEST(ParamCounts, OfLlamaModelsAreTheirPublishedOnes) {
  struct Llama {
    std::int64_t n_layer, n_head, n_kv_head, n_embd, n_inner, vocab_size, params;
  };
  for (const Llama& known :
       {Llama{32, 32, 32, 4096, 11008, 32000, 6'738'415'616}, Llama{40, 40, 40, 5120, 13824, 32000, 13'015'864'320},
        Llama{80, 64, 64, 8192, 22016, 32000, 65'285'660'672}, Llama{80, 64, 8, 8192, 28672, 32000, 68'976'648'192},
        Llama{32, 32, 8, 4096, 14336, 128256, 8'030'261'248}, Llama{80, 64, 8, 8192, 28672, 128256, 70'553'706'496},
        Llama{126, 128, 8, 16384, 53248, 128256, 405'853'388'800}}) {
    Shape shape;
    shape.n_layer = known.n_layer;
    shape.n_head = known.n_head;
    shape.n_kv_head = known.n_kv_head;
    shape.n_embd = known.n_embd;
    shape.n_inner = known.n_inner;
    shape.vocab_size = known.vocab_size;
    shape.bias = shape.tied_head = false;
    shape.norm = Norm::rmsnorm;
    shape.positions = Positions::rotary;
    shape.mlp = Mlp::swiglu;
    EXPECT_EQ(param_counts(shape).params, known.params);
    EXPECT_THROW(validate(shape), Error);  // it is counted, not trained
  }
}

TEST(ParameterRegistry, NamesTensorsAsHuggingFaceDoes) {
  Shape shape = shape_of({"", 1, 2, 8, 17, 4, 0, 0, 0});
  std::vector<std::string> names;
  for (const ParameterSpec& spec : parameter_registry(shape)) names.push_back(spec.name);
  EXPECT_THAT(names, testing::ElementsAre("transformer.wte.weight", "transformer.wpe.weight", "transformer.h.0.ln_1.weight",
                                          "transformer.h.0.ln_1.bias", "transformer.h.0.attn.c_attn.weight",
                                          "transformer.h.0.attn.c_attn.bias", "transformer.h.0.attn.c_proj.weight",
                                          "transformer.h.0.attn.c_proj.bias", "transformer.h.0.ln_2.weight",
                                          "transformer.h.0.ln_2.bias", "transformer.h.0.mlp.c_fc.weight",
                                          "transformer.h.0.mlp.c_fc.bias", "transformer.h.0.mlp.c_proj.weight",
                                          "transformer.h.0.mlp.c_proj.bias", "transformer.ln_f.weight", "transformer.ln_f.bias"));
}

TEST(ParameterRegistry, HoldsMatricesAsOutputsByInputs) {
  Shape shape = shape_of({"", 1, 2, 8, 17, 4, 0, 0, 0});
  shape.n_inner = 20;
  shape.bias = false;
  const std::vector<ParameterSpec> specs = parameter_registry(shape);
  ASSERT_EQ(specs.size(), 9U);
  EXPECT_EQ(specs[3].name, "transformer.h.0.attn.c_attn.weight");
  EXPECT_EQ(specs[3].rows, 24);
  EXPECT_EQ(specs[3].cols, 8);
  EXPECT_EQ(specs[7].name, "transformer.h.0.mlp.c_proj.weight");
  EXPECT_EQ(specs[7].rows, 8);
  EXPECT_EQ(specs[7].cols, 20);
}

TEST(Validate, RefusesWhatIsImpossibleOrNotBuiltNamingTheKey) {
  const auto refusal = [](auto change) -> std::string {
    Shape shape;
    shape.n_embd = 96;
    shape.n_head = 3;
    shape.vocab_size = 50;
    validate(shape);
    change(shape);
    try {
      validate(shape);
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::bad_study);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal([](Shape& s) { s.n_embd = 100; }), HasSubstr("`n_embd`: 100 is not divisible by n_head 3"));
  EXPECT_EQ(refusal([](Shape& s) { s.dropout = 0.999; }), "accepted");
  EXPECT_THAT(refusal([](Shape& s) { s.dropout = 1; }), HasSubstr("`dropout`: 1 is out of range, expected a number in [0, 1)"));
  EXPECT_THAT(refusal([](Shape& s) { s.dropout = -0.1; }), HasSubstr("`dropout`"));
  EXPECT_THAT(refusal([](Shape& s) { s.dropout = std::numeric_limits<double>::quiet_NaN(); }), HasSubstr("`dropout`"));
  EXPECT_THAT(refusal([](Shape& s) { s.experts = 8; }), HasSubstr("`experts`"));
  EXPECT_THAT(refusal([](Shape& s) { s.top_k = 2; }), HasSubstr("`top_k`"));
  EXPECT_THAT(refusal([](Shape& s) { s.n_kv_head = 1; }), HasSubstr("`n_kv_head`"));
  EXPECT_THAT(refusal([](Shape& s) { s.tied_head = false; }), HasSubstr("`tied_head`: an untied head is not built yet"));
  EXPECT_THAT(refusal([](Shape& s) { s.norm = static_cast<Norm>(1); }), HasSubstr("`norm`"));
  EXPECT_THAT(refusal([](Shape& s) { s.positions = static_cast<Positions>(1); }), HasSubstr("`positions`"));
  EXPECT_THAT(refusal([](Shape& s) { s.mlp = static_cast<Mlp>(1); }), HasSubstr("`mlp`"));
  EXPECT_THAT(refusal([](Shape& s) { s.activation = static_cast<Activation>(2); }), HasSubstr("`activation`"));
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
    EXPECT_THAT(refusal([=](Shape& s) { s.n_layer = bad; }), HasSubstr("`n_layer`"));
    EXPECT_THAT(refusal([=](Shape& s) { s.n_head = bad; }), HasSubstr("`n_head`"));
    EXPECT_THAT(refusal([=](Shape& s) { s.n_embd = bad; }), HasSubstr("`n_embd`"));
    EXPECT_THAT(refusal([=](Shape& s) { s.block_size = bad; }), HasSubstr("`block_size`"));
    EXPECT_THAT(refusal([=](Shape& s) { s.vocab_size = bad; }), HasSubstr("`vocab_size`"));
  }
  EXPECT_EQ(refusal([](Shape& s) { s.n_kv_head = 3; }), "accepted");
}

TEST(Activation, ReadsBackFromItsName) {
  for (const Activation a : {Activation::gelu, Activation::gelu_tanh}) EXPECT_EQ(activation_from(to_string(a)), a);
  EXPECT_THROW(static_cast<void>(activation_from("relu")), Error);
}

}  // namespace
}  // namespace isoflop
