#include "app/common/exit_code.h"

#include "app/common/interrupt.h"

namespace mobiedit::cli {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return exit_usage;
    case ErrorCode::target_not_reached:
      return exit_target_not_reached;
    case ErrorCode::bad_model:
      return exit_bad_model;
    case ErrorCode::io:
      return exit_io;
    case ErrorCode::locked:
      return exit_locked;
    case ErrorCode::verification:
      return exit_verification;
    case ErrorCode::cancelled:
      return interrupted_exit_code();
    case ErrorCode::other:
    case ErrorCode::out_of_memory:
      break;
  }
  return exit_other;
}

}  // namespace mobiedit::cli
