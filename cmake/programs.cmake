# The programs: mobiedit (target mobiedit-cli) and the laboratory, mobiedit-lab (target mobiedit-lab-cli).
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)

# Most of the compile time of a program's files is CLI11's and fmt's headers, so several are compiled as one.
function(mobiedit_app_target target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE MOBIEDIT_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${target} PRIVATE mobiedit CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json mobiedit_warnings)
  if(MOBIEDIT_UNITY)
    mobiedit_compile_together(${target} 12)
  else()
    mobiedit_compile_together(${target} 6)
  endif()
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
