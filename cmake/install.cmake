# `cmake --install`, and what find_package(mobiedit) needs afterwards.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/mobiedit)

target_compile_features(mobiedit PUBLIC cxx_std_23)
set_target_properties(mobiedit PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
install(TARGETS mobiedit EXPORT mobiedit_targets)
install(TARGETS mobiedit-cli)
# Only when asked for: cmake --install build --component lab.
install(TARGETS mobiedit-lab-cli COMPONENT lab EXCLUDE_FROM_ALL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mobiedit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT mobiedit_targets NAMESPACE mobiedit:: FILE mobiedit-targets.cmake DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mobiedit-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/mobiedit-config.cmake ${PROJECT_BINARY_DIR}/mobiedit-config-version.cmake
        DESTINATION ${package_folder})
