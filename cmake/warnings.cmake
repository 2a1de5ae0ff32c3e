# What every target of ours is compiled with; never passed on to those who link the library.
add_library(mobiedit_warnings INTERFACE)
target_compile_options(mobiedit_warnings INTERFACE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wno-missing-field-initializers)
# Of files compiled together, one's locals may have the names of another's constants.
if(NOT MOBIEDIT_UNITY)
  target_compile_options(mobiedit_warnings INTERFACE -Wshadow)
endif()
if(MOBIEDIT_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
