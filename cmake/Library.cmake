# One library of all rooms, and its install.
set(objects "")
set(libraries "")
foreach(room IN LISTS LAYERS_ROOMS)
  list(APPEND objects $<TARGET_OBJECTS:room_${room}>)
endforeach()
add_library(isoflop ${objects})
add_library(isoflop::isoflop ALIAS isoflop)
set_target_properties(isoflop PROPERTIES EXPORT_NAME isoflop LINKER_LANGUAGE CXX)
target_link_libraries(isoflop PRIVATE Threads::Threads OpenSSL::Crypto ZLIB::ZLIB LibLZMA::LibLZMA SQLite::SQLite3
  PkgConfig::ZSTD PkgConfig::XXHASH PkgConfig::TOMLPP simdjson::simdjson ICU::i18n ICU::uc ICU::data LibXml2::LibXml2 PkgConfig::MD4C PkgConfig::PCRE2 PkgConfig::DIVSUFSORT)
target_compile_features(isoflop PUBLIC cxx_std_20)
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/isoflop/*.h)
target_sources(isoflop PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${public_headers})
set_target_properties(isoflop PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)

include(CMakePackageConfigHelpers)
install(TARGETS isoflop EXPORT isoflop FILE_SET HEADERS)
install(EXPORT isoflop NAMESPACE isoflop:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isoflop FILE isoflopTargets.cmake)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/isoflopConfig.cmake.in ${PROJECT_BINARY_DIR}/isoflopConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isoflop)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/isoflopConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/isoflopConfig.cmake ${PROJECT_BINARY_DIR}/isoflopConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isoflop)
