# CI builds everything from nothing, and most of a file's compile time is the headers it includes: there a folder's files
# are compiled several at once. Not by default, so that a changed file rebuilds itself alone.
option(MOBIEDIT_UNITY "Compile a folder's files several at once" OFF)

# Sources with options of their own stay by themselves.
function(mobiedit_unity target files_at_once)
  if(NOT MOBIEDIT_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(folder ${source} DIRECTORY)
    string(MAKE_C_IDENTIFIER "${folder}" key)
    if(NOT DEFINED count_${key})
      set(count_${key} 0)
    endif()
    math(EXPR batch "${count_${key}} / ${files_at_once}")
    math(EXPR count_${key} "${count_${key}} + 1")
    get_filename_component(name ${folder} NAME)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${name}_${batch})
  endforeach()
endfunction()
