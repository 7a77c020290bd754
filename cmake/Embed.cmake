# isoflop_embed(<target> <symbol> <file>): the file's bytes as `extern const std::string_view isoflop::embedded::<symbol>`,
# declared by hand where it is used.
function(isoflop_embed target symbol file)
  get_filename_component(source ${file} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
  set(output ${PROJECT_BINARY_DIR}/embedded/${symbol}.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D INPUT=${source} -D OUTPUT=${output} -D SYMBOL=${symbol}
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake
    DEPENDS ${source} ${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake
    COMMENT "embedding ${file}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
