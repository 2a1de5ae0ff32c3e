# The programs: mobiedit (target mobiedit-cli) and the laboratory, mobiedit-lab (target mobiedit-lab-cli).
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)

# Sources of src/app/FOLDER. Most of their compile time is CLI11's and fmt's headers, so several are compiled as one.
function(mobiedit_app_target target folder)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PRIVATE mobiedit CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json mobiedit_warnings)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 9)
  # Experiments name their parts alike, so each is its own.
  file(GLOB apart CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/${folder}/experiment/*.cpp
                                    ${PROJECT_SOURCE_DIR}/src/app/${folder}/bench/*.cpp)
  set_source_files_properties(${apart} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(MOBIEDIT_UNITY)
    set_source_files_properties(${apart} PROPERTIES SKIP_UNITY_BUILD_INCLUSION OFF)
    mobiedit_unity(${target} 12)
  endif()
endfunction()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/common/*.cpp)
add_library(mobiedit_app_common STATIC ${sources})
target_compile_definitions(mobiedit_app_common PRIVATE MOBIEDIT_VERSION="${PROJECT_VERSION}")
mobiedit_app_target(mobiedit_app_common common)

function(mobiedit_program target name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/${folder}/*.cpp)
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(${target} PRIVATE mobiedit_app_common)
  mobiedit_app_target(${target} ${folder})
endfunction()

mobiedit_program(mobiedit-cli mobiedit mobiedit)
mobiedit_program(mobiedit-lab-cli mobiedit-lab lab)
