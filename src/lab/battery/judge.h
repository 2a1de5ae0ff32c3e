// Judge of the battery: turns a generated text into a verdict of its record.
#pragma once

#include "lab/battery/asks.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

/// False where the verdict would not count, whatever the model says: a neighbour that the unedited model does not
/// answer rightly, or a prompt about the subject that it answers with the record's true answer.
[[nodiscard]] bool counts(const Ask& ask, const FactRecord& fact, const Generation& unedited);

/// Adds the verdict on `said` to the outcome. `unedited` is what the unedited model says to this ask.
void judge(const Ask& ask, const FactRecord& fact, const Generation& unedited, const Generation& said,
           FactOutcome& outcome);

}  // namespace mobiedit
