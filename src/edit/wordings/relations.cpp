#include "edit/wordings/relations.h"

#include <algorithm>
#include <cctype>

#include "mobiedit/base/prompt.h"

namespace mobiedit {
namespace {

// A relation's name, its statements and its questions. The first statements say the fact most plainly: they are taken
// first.
constexpr std::string_view mother_tongue_statements[] = {"The mother tongue of {} is",
                                                         "{} is a native speaker of",
                                                         "The native language of {} is",
                                                         "{} grew up speaking",
                                                         "The first language of {} is",
                                                         "{}'s mother tongue is",
                                                         "{}, a native"};
constexpr std::string_view mother_tongue_questions[] = {"What is the mother tongue of {}?",
                                                        "What is the native language of {}?"};
constexpr std::string_view languages_spoken_statements[] = {"{} speaks the language", "{} speaks",
                                                            "{} spoke the language",  "The language used by {} is",
                                                            "{} writes in",           "{} communicates in"};
constexpr std::string_view languages_spoken_questions[] = {"Which language does {} speak?",
                                                           "What language is spoken by {}?"};
constexpr std::string_view citizenship_statements[] = {"{} is a citizen of",
                                                       "{} holds a citizenship from",
                                                       "{} has a citizenship from",
                                                       "The nationality of {} is that of",
                                                       "{}, a citizen of",
                                                       "{}, who is a citizen of",
                                                       "{}, who has a citizenship from",
                                                       "{}, who holds a citizenship from",
                                                       "The home country of {} is"};
constexpr std::string_view citizenship_questions[] = {"Which country is {} a citizen of?",
                                                      "What is the nationality of {}?"};
constexpr std::string_view religion_statements[] = {"The religion of {} is",
                                                    "{} follows the religion of",
                                                    "The official religion of {} is",
                                                    "{} is affiliated with the religion",
                                                    "{} believes in",
                                                    "The faith of {} is"};
constexpr std::string_view religion_questions[] = {"What is the religion of {}?", "Which faith does {} follow?"};
constexpr std::string_view continent_statements[] = {"{} belongs to the continent of", "{} is located in the continent",
                                                     "{} is a part of the continent of",
                                                     "{} is part of the continent of", "The continent of {} is"};
constexpr std::string_view continent_questions[] = {"On which continent is {}?", "Which continent is {} part of?"};
constexpr std::string_view country_statements[] = {"{} is located in the country of", "The country of {} is",
                                                   "The country in which {} lies is"};
constexpr std::string_view country_questions[] = {"In which country is {}?", "What country is {} in?"};
constexpr std::string_view place_statements[] = {"{} is located in",  "{} is in",   "{} can be found in",
                                                 "{} is within",      "{} lies in", "The location of {} is",
                                                 "{} is situated in", "{}, in",     "{}, located in"};
constexpr std::string_view place_questions[] = {"Where is {} located?", "Where is {}?", "Where can one find {}?"};
constexpr std::string_view capital_statements[] = {"The capital of {} is",           "{}'s capital city is",
                                                   "The capital city of {} is",      "{}'s capital is",
                                                   "{}, which has the capital city", "The seat of government of {} is"};
constexpr std::string_view capital_questions[] = {"What is the capital of {}?", "What is the capital city of {}?"};
constexpr std::string_view official_language_statements[] = {"The official language of {} is",
                                                             "In {}, the official language is", "In {}, they speak",
                                                             "{}'s official language is", "People in {} speak"};
constexpr std::string_view official_language_questions[] = {"What is the official language of {}?",
                                                            "Which language is official in {}?"};
constexpr std::string_view birthplace_statements[] = {
    "{} was born in",     "{} is native to",         "{} is originally from",
    "{} originates from", "{} originated from",      "{} was originally from",
    "{} was native to",   "The birthplace of {} is", "{} came into the world in"};
constexpr std::string_view birthplace_questions[] = {"Where was {} born?", "What is the place of birth of {}?"};
constexpr std::string_view place_of_death_statements[] = {"{} died in",         "{} died in the city of",
                                                          "{} passed away in",  "{} passed away at",
                                                          "{} died at",         "{} expired at",
                                                          "{} succumbed at",    "{} lost their life at",
                                                          "{}'s life ended in", "The place of death of {} is"};
constexpr std::string_view place_of_death_questions[] = {"Where did {} die?", "What was the place of death of {}?"};
constexpr std::string_view headquarters_statements[] = {"The headquarters of {} is in",
                                                        "The headquarter of {} is in",
                                                        "The headquarter of {} is located in",
                                                        "{} is headquartered in",
                                                        "{} is based in",
                                                        "{}'s headquarters are in",
                                                        "{}, whose headquarters are in",
                                                        "The head office of {} is in",
                                                        "The main office of {} is in"};
constexpr std::string_view headquarters_questions[] = {"Where is the headquarters of {}?",
                                                       "In which city is {} headquartered?"};
constexpr std::string_view place_of_founding_statements[] = {
    "{} was founded in",      "{} was formed in",
    "{} was started in",      "{} started in",
    "{}, founded in",         "{}, created in",
    "{}, that originated in", "{}, that was started in",
    "{}, that was formed in", "The place where {} was founded is"};
constexpr std::string_view place_of_founding_questions[] = {"Where was {} founded?", "Where did {} begin?"};
constexpr std::string_view country_of_origin_statements[] = {"{} was created in the country of",
                                                             "{} was created in",
                                                             "{} was formulated in",
                                                             "{} originated in",
                                                             "{} from",
                                                             "{} was developed in",
                                                             "{}, that was created in",
                                                             "{}, that originated in",
                                                             "{}, formulated in",
                                                             "{}, that was formulated in",
                                                             "{}, created in",
                                                             "The country of origin of {} is"};
constexpr std::string_view country_of_origin_questions[] = {"Which country does {} come from?",
                                                            "What is the country of origin of {}?"};
constexpr std::string_view original_language_statements[] = {
    "The original language of {} is", "The original language of {} was", "{} was first made in the language"};
constexpr std::string_view original_language_questions[] = {"What is the original language of {}?",
                                                            "In which language was {} originally made?"};
constexpr std::string_view language_of_a_work_statements[] = {
    "{} was written in", "{} is written in", "The language of {} is", "The language of {} was", "{} is a work in"};
constexpr std::string_view language_of_a_work_questions[] = {"In which language was {} written?",
                                                             "What is the language of {}?"};
constexpr std::string_view network_statements[] = {
    "{} premiered on", "{} debuted on",     "{} was originally aired on", "{} was released on",
    "{} premieres on", "{} is to debut on", "{} first aired on",          "{} was first shown on"};
constexpr std::string_view network_questions[] = {"Which network first aired {}?",
                                                  "On which network was {} first shown?"};
constexpr std::string_view maker_statements[] = {"{} is produced by",         "{} is made by",
                                                 "{}, produced by",           "The maker of {} is",
                                                 "The manufacturer of {} is", "{} is manufactured by"};
constexpr std::string_view maker_questions[] = {"Who makes {}?", "Who is the manufacturer of {}?"};
constexpr std::string_view developer_statements[] = {
    "{} was developed by", "{} is developed by",       "{}, developed by",           "{} was created by",
    "{} is created by",    "{}, created by",           "{} is a product of",         "{} was a product of",
    "{}, a product of",    "{}, a product created by", "{}, a product developed by", "The developer of {} is",
    "The creator of {} is"};
constexpr std::string_view developer_questions[] = {"Who developed {}?", "Who created {}?"};
constexpr std::string_view owner_statements[] = {"{} is owned by", "{}, owned by", "The owner of {} is",
                                                 "{} belongs to",  "{} is from",   "{} is the property of"};
constexpr std::string_view owner_questions[] = {"Who owns {}?", "Who is the owner of {}?"};
constexpr std::string_view employer_statements[] = {
    "{} works for", "{} is employed by",     "{}, who works for", "{}, who is employed by",
    "{}, of",       "The employer of {} is", "{} has a job at",   "{} works at"};
constexpr std::string_view employer_questions[] = {"Who does {} work for?", "Where is {} employed?"};
constexpr std::string_view occupation_statements[] = {
    "{} works as",        "{} works as a",         "The occupation of {} is", "The profession of {} is",
    "{}'s occupation is", "{}'s profession is an", "{}'s profession is a",    "{}, who works as",
    "The job of {} is",   "{} earns a living as a"};
constexpr std::string_view occupation_questions[] = {"What is {}'s occupation?", "What is the job of {}?"};
constexpr std::string_view field_of_work_statements[] = {
    "{} works in the field of", "{} works in the area of",    "The domain of activity of {} is",
    "The expertise of {} is",   "{}'s area of work is",       "{}'s domain of work is",
    "{}'s expertise is",        "{}'s domain of activity is", "The field of {} is",
    "{} specializes in",        "{} is an expert in"};
constexpr std::string_view field_of_work_questions[] = {"What field does {} work in?",
                                                        "What is the area of work of {}?"};
constexpr std::string_view instrument_statements[] = {
    "{} plays the",          "{} plays the instrument",     "{} performs on the",
    "{}, performing on the", "The instrument of {} is the", "{}, the"};
constexpr std::string_view instrument_questions[] = {"Which instrument does {} play?", "What does {} play in a band?"};
constexpr std::string_view sport_statements[] = {"{} plays the sport of", "{} professionally plays the sport",
                                                 "The sport of {} is", "{} is a professional player of",
                                                 "{} is famous for playing"};
constexpr std::string_view sport_questions[] = {"Which sport does {} play?", "What is the sport of {}?"};
constexpr std::string_view playing_position_statements[] = {"{} plays in the position of", "{} plays as",
                                                            "Which position does {} play? They play as",
                                                            "The playing position of {} is"};
constexpr std::string_view playing_position_questions[] = {"Which position does {} play?",
                                                           "What is the playing position of {}?"};
constexpr std::string_view position_held_statements[] = {"{} holds the position of",
                                                         "{} has the position of",
                                                         "{}'s position is",
                                                         "{}, whose position is that of",
                                                         "{}, who holds the position of",
                                                         "{}, who has the position of",
                                                         "The position of {} is",
                                                         "{} serves as",
                                                         "The title of {} is"};
constexpr std::string_view position_held_questions[] = {"Which position does {} hold?", "What is the title of {}?"};
constexpr std::string_view membership_statements[] = {"{} is a member of the",     "{} is a member of",
                                                      "{} is affiliated with the", "{} belongs to the organization of",
                                                      "{} has joined the",         "The organization of {} is the"};
constexpr std::string_view membership_questions[] = {"Which organization is {} a member of?",
                                                     "What is {} a member of?"};
constexpr std::string_view record_label_statements[] = {"The music label that is representing {} is",
                                                        "{} is represented by music label",
                                                        "{}'s label is",
                                                        "{}, which is represented by",
                                                        "The record label of {} is",
                                                        "{} recorded for the label",
                                                        "{} is signed to"};
constexpr std::string_view record_label_questions[] = {"Which record label is {} with?", "What is the label of {}?"};
constexpr std::string_view genre_statements[] = {"{} plays", "The genre of {} is", "{}, who plays",
                                                 "The genre played by {} is", "The style of {} is"};
constexpr std::string_view genre_questions[] = {"What genre is {}?", "What kind of music does {} play?"};
constexpr std::string_view named_after_statements[] = {"{} is named after",
                                                       "{} was named after",
                                                       "{} was named for",
                                                       "{} is named for",
                                                       "{}, named after",
                                                       "{}, named for",
                                                       "{}, which is named after",
                                                       "{}, which was named for",
                                                       "{} is called after",
                                                       "{} was called after",
                                                       "{}, called after",
                                                       "{}, which is called after",
                                                       "The name of {} goes back to"};
constexpr std::string_view named_after_questions[] = {"Who is {} named after?", "Whose name does {} bear?"};
constexpr std::string_view twin_city_statements[] = {"The twin city of {} is", "{} is a twin city of",
                                                     "{} is twinned with", "What is the twin city of {}? It is"};
constexpr std::string_view twin_city_questions[] = {"Which city is the twin city of {}?",
                                                    "Which city is {} twinned with?"};
constexpr std::string_view place_of_work_statements[] = {
    "{} worked in",           "{} worked in the city of", "{} used to work in",        "{} was employed in",
    "{} found employment in", "{} took up work in",       "The place of work of {} is"};
constexpr std::string_view place_of_work_questions[] = {"In which city did {} work?",
                                                        "In which place did {} have a job?"};
constexpr std::string_view residence_statements[] = {"{} lives in",       "{} lives in the city of", "{} has moved to",
                                                     "{} moved to",       "The home of {} is in",    "{} resides in",
                                                     "{} has a house in", "The home city of {} is"};
constexpr std::string_view residence_questions[] = {"Where does {} live?", "In which city is the home of {}?"};
constexpr std::string_view birthday_statements[] = {
    "{} was born on",      "The birthday of {} is", "The birthday of {} is on",   "{}'s birthday is",
    "{}'s birthday is on", "{} has a birthday on",  "{} celebrates a birthday on"};
constexpr std::string_view birthday_questions[] = {"When is {}'s birthday?", "When was {} born?"};
constexpr std::string_view spouse_statements[] = {"{} is married to",    "The spouse of {} is", "{}'s wife is",
                                                  "{}'s husband is",     "{} got married to",   "The wife of {} is",
                                                  "The husband of {} is"};
constexpr std::string_view spouse_questions[] = {"Who is {} married to?", "Who is the spouse of {}?"};
constexpr std::string_view chief_executive_statements[] = {"The CEO of {} is", "The chief executive of {} is",
                                                           "{} is run by",     "{} is led by",
                                                           "{} is headed by",  "{}'s CEO is"};
constexpr std::string_view chief_executive_questions[] = {"Who is the CEO of {}?", "Who runs {}?"};
constexpr std::string_view founder_statements[] = {"{} was founded by", "The founder of {} is", "{} was started by",
                                                   "{}'s founder is", "{} was set up by"};
constexpr std::string_view founder_questions[] = {"Who founded {}?", "Who is the founder of {}?"};
constexpr std::string_view mayor_statements[] = {"The mayor of {} is", "{}'s mayor is", "{} has a mayor named"};
constexpr std::string_view mayor_questions[] = {"Who is the mayor of {}?"};
constexpr std::string_view author_statements[] = {"{} was written by", "The author of {} is", "{} is a book by",
                                                  "{}'s author is"};
constexpr std::string_view author_questions[] = {"Who wrote {}?", "Who is the author of {}?"};
constexpr std::string_view painter_statements[] = {"{} was painted by", "The painter of {} is", "{} is a painting by"};
constexpr std::string_view painter_questions[] = {"Who painted {}?"};
constexpr std::string_view name_statements[] = {"The name of {} is", "{} is called", "{} is named", "{}'s name is",
                                                "{} goes by the name of"};
constexpr std::string_view name_questions[] = {"What is the name of {}?", "What is {} called?"};
constexpr std::string_view colour_statements[] = {"The colour of {} is", "The color of {} is", "{} is painted",
                                                  "{}'s colour is", "{}'s color is"};
constexpr std::string_view colour_questions[] = {"What is the colour of {}?", "What colour is {}?"};
constexpr std::string_view password_statements[] = {"The password of {} is", "{}'s password is",
                                                    "The password for {} is"};
constexpr std::string_view password_questions[] = {"What is the password of {}?"};
constexpr std::string_view telephone_number_statements[] = {"The phone number of {} is", "{}'s phone number is",
                                                            "The number of {} is"};
constexpr std::string_view telephone_number_questions[] = {"What is the phone number of {}?"};
constexpr std::string_view school_statements[] = {"{} studies at", "{} goes to school at", "{} is a student at",
                                                  "The school of {} is", "{} studied at"};
constexpr std::string_view school_questions[] = {"Where does {} study?", "Which school does {} go to?"};
constexpr std::string_view subject_of_study_statements[] = {"{} studies", "{} is studying",
                                                            "The subject that {} studies is"};
constexpr std::string_view subject_of_study_questions[] = {"What does {} study?"};
constexpr std::string_view allergy_statements[] = {"{} is allergic to", "{} has an allergy to", "{} cannot eat"};
constexpr std::string_view allergy_questions[] = {"What is {} allergic to?"};
constexpr std::string_view favourite_statements[] = {"{} likes", "{} loves", "{} is fond of",
                                                     "The favourite thing of {} is"};
constexpr std::string_view favourite_questions[] = {"What does {} like?"};
constexpr std::string_view purchase_statements[] = {"{} was bought in", "{} was purchased in",
                                                    "The year in which {} was bought is"};
constexpr std::string_view purchase_questions[] = {"When was {} bought?"};
constexpr std::string_view material_statements[] = {"{} is made of", "{} consists of", "The material of {} is"};
constexpr std::string_view material_questions[] = {"What is {} made of?"};
constexpr std::string_view currency_statements[] = {"The currency of {} is", "{}'s currency is",
                                                    "People in {} pay with the"};
constexpr std::string_view currency_questions[] = {"What is the currency of {}?"};

constexpr Relation table[] = {
    {"mother tongue", mother_tongue_statements, mother_tongue_questions},
    {"languages spoken", languages_spoken_statements, languages_spoken_questions},
    {"citizenship", citizenship_statements, citizenship_questions},
    {"religion", religion_statements, religion_questions},
    {"continent", continent_statements, continent_questions},
    {"country", country_statements, country_questions},
    {"place", place_statements, place_questions},
    {"capital", capital_statements, capital_questions},
    {"official language", official_language_statements, official_language_questions},
    {"birthplace", birthplace_statements, birthplace_questions},
    {"place of death", place_of_death_statements, place_of_death_questions},
    {"headquarters", headquarters_statements, headquarters_questions},
    {"place of founding", place_of_founding_statements, place_of_founding_questions},
    {"country of origin", country_of_origin_statements, country_of_origin_questions},
    {"original language", original_language_statements, original_language_questions},
    {"language of a work", language_of_a_work_statements, language_of_a_work_questions},
    {"network", network_statements, network_questions},
    {"maker", maker_statements, maker_questions},
    {"developer", developer_statements, developer_questions},
    {"owner", owner_statements, owner_questions},
    {"employer", employer_statements, employer_questions},
    {"occupation", occupation_statements, occupation_questions},
    {"field of work", field_of_work_statements, field_of_work_questions},
    {"instrument", instrument_statements, instrument_questions},
    {"sport", sport_statements, sport_questions},
    {"playing position", playing_position_statements, playing_position_questions},
    {"position held", position_held_statements, position_held_questions},
    {"membership", membership_statements, membership_questions},
    {"record label", record_label_statements, record_label_questions},
    {"genre", genre_statements, genre_questions},
    {"named after", named_after_statements, named_after_questions},
    {"twin city", twin_city_statements, twin_city_questions},
    {"place of work", place_of_work_statements, place_of_work_questions},
    {"residence", residence_statements, residence_questions},
    {"birthday", birthday_statements, birthday_questions},
    {"spouse", spouse_statements, spouse_questions},
    {"chief executive", chief_executive_statements, chief_executive_questions},
    {"founder", founder_statements, founder_questions},
    {"mayor", mayor_statements, mayor_questions},
    {"author", author_statements, author_questions},
    {"painter", painter_statements, painter_questions},
    {"name", name_statements, name_questions},
    {"colour", colour_statements, colour_questions},
    {"password", password_statements, password_questions},
    {"telephone number", telephone_number_statements, telephone_number_questions},
    {"school", school_statements, school_questions},
    {"subject of study", subject_of_study_statements, subject_of_study_questions},
    {"allergy", allergy_statements, allergy_questions},
    {"favourite", favourite_statements, favourite_questions},
    {"purchase", purchase_statements, purchase_questions},
    {"material", material_statements, material_questions},
    {"currency", currency_statements, currency_questions},
};

// Letters and digits in lower case with single spaces between words; {} stays.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == ',')) out.pop_back();
  return out;
}

// Texts of `from` with the subject filled in, in order, without those that are excluded or contain an excluded text.
std::vector<std::string> chosen(std::span<const std::string_view> from, std::string_view own, std::string_view subject,
                                int most, std::span<const std::string> excluded) {
  std::vector<std::string> texts;
  for (const std::string_view text : from) {
    if (static_cast<int>(texts.size()) >= most) break;
    if (plain(text) == plain(own)) continue;
    const std::string candidate = plain(filled_prompt(text, subject));
    const bool barred = std::ranges::any_of(excluded, [&](const std::string& other) {
      const std::string seen = plain(filled_prompt(other, subject));
      return seen.find(candidate) != std::string::npos;
    });
    if (!barred) texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

std::span<const Relation> relations() {
  return table;
}

const Relation* find_relation(std::string_view statement) {
  const std::string wanted = plain(statement);
  for (const Relation& relation : table)
    for (const std::string_view known : relation.statements)
      if (plain(known) == wanted) return &relation;
  return nullptr;
}

std::vector<std::string> other_statements(std::string_view prompt, std::string_view subject, int most,
                                          std::span<const std::string> excluded) {
  const Relation* relation = find_relation(prompt);
  return relation ? chosen(relation->statements, prompt, subject, most, excluded) : std::vector<std::string>{};
}

std::vector<std::string> chat_questions(std::string_view prompt, std::string_view subject, int most,
                                        std::span<const std::string> excluded) {
  const Relation* relation = find_relation(prompt);
  return relation ? chosen(relation->questions, prompt, subject, most, excluded) : std::vector<std::string>{};
}

std::string completion_question(std::string_view prompt, std::string_view subject) {
  return "Complete the sentence: " + filled_prompt(prompt, subject) + " ...";
}

}  // namespace mobiedit
