# packs are inlined everywhere: how a call would pass them is of no interest
target_compile_options(room_laws PUBLIC -Wno-psabi)
target_link_libraries(room_laws PUBLIC PkgConfig::TOMLPP)
isoflop_embed(room_laws published_laws_toml data/published_laws.toml)

if(ISOFLOP_BUILD_TESTS)
  add_test(NAME laws.thousand_tables
    COMMAND laws_test --gtest_also_run_disabled_tests --gtest_filter=SimulateLaw.DISABLED_OfAThousandTables*)
  set_tests_properties(laws.thousand_tables PROPERTIES LABELS "laws;slow" TIMEOUT 1800)
  add_test(NAME laws.vanishing_floor COMMAND laws_test --gtest_also_run_disabled_tests --gtest_filter=OpenEnds.DISABLED_OfAFloor*)
  set_tests_properties(laws.vanishing_floor PROPERTIES LABELS "laws;slow" TIMEOUT 1800)
endif()
