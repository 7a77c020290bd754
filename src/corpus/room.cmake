target_link_libraries(room_corpus PUBLIC ZLIB::ZLIB LibLZMA::LibLZMA PkgConfig::ZSTD simdjson::simdjson PkgConfig::TOMLPP ICU::i18n ICU::uc
  LibXml2::LibXml2 PkgConfig::MD4C PkgConfig::DIVSUFSORT)
isoflop_embed(room_corpus corpora_toml data/corpora.toml)
isoflop_embed(room_corpus mixtures_toml data/mixtures.toml)

if(ISOFLOP_BUILD_TESTS)
  add_test(NAME corpus.sample_corpora
    COMMAND corpus_test --gtest_also_run_disabled_tests --gtest_filter=Recipes.DISABLED_EverySampleCorpusComesOutAsItsRecipeSays)
  set_tests_properties(corpus.sample_corpora PROPERTIES LABELS "corpus;slow;network" TIMEOUT 300)
endif()
