# The programs: mobiedit (target mobiedit-cli) and the laboratory, mobiedit-lab (target mobiedit-lab-cli).
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)

# The laboratory's library: studies, experiments, benches. Not installed.
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/lab/*.cpp)
add_library(mobiedit_lab STATIC ${sources})
target_include_directories(mobiedit_lab PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(mobiedit_lab PUBLIC mobiedit
  PRIVATE Eigen3::Eigen fmt::fmt nlohmann_json::nlohmann_json mobiedit_warnings)

# Most of the compile time of these files is the headers of CLI11, fmt and JSON, so several are compiled as one.
mobiedit_compile_together(mobiedit_lab 12)
function(mobiedit_app_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE MOBIEDIT_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${target} PRIVATE mobiedit CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json mobiedit_warnings)
  mobiedit_compile_together(${target} 12)
endfunction()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/common/*.cpp)
add_library(mobiedit_app_common STATIC ${sources})
mobiedit_app_target(mobiedit_app_common)

function(mobiedit_program target name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/${folder}/*.cpp)
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(${target} PRIVATE mobiedit_app_common)
  mobiedit_app_target(${target})
endfunction()

mobiedit_program(mobiedit-cli mobiedit mobiedit)
mobiedit_program(mobiedit-lab-cli mobiedit-lab lab)
target_link_libraries(mobiedit-lab-cli PRIVATE mobiedit_lab)
