"""Wordings of our own, by Wikidata relation. {} stands for the subject.

FINAL: the object follows, and ends the sentence. They bring every relation to at least six such wordings.
QUESTION: the object is the answer.
KIND: what sort of subject a relation has, for made-up facts."""

FINAL = {
    "P1001": ["{} serves the territory of", "{} has authority in", "{} has legal force in",
              "The jurisdiction of {} is", "The territory governed under {} is"],
    "P103": ["{} is a native speaker of", "{} spoke the language", "From childhood, {} spoke",
             "{} grew up speaking", "At home, the parents of {} spoke"],
    "P108": ["{}'s employer is", "The employer of {} is", "{} is on the staff of"],
    "P127": ["{}'s owner is", "The owner of {} is", "{} belongs to", "{} is the property of"],
    "P1303": ["The instrument that {} plays is the", "{} is known for playing the", "{} performs on the",
              "{}'s instrument is the"],
    "P131": ["{} lies in", "{} is situated in", "The region that contains {} is", "{} is within"],
    "P136": ["The genre of {} is", "{}'s genre is", "{} belongs to the genre of",
             "In terms of genre, {} stands for", "The genre that best describes {} is"],
    "P140": ["The official religion of {} is", "{} follows the religion of", "The religion of {} is",
             "The faith of {} is", "{} is associated with the religion of"],
    "P1412": ["{} speaks", "{} writes in", "The language used by {} is", "The language that {} spoke was"],
    "P17": ["The country of {} is", "{} lies in the country of", "The country that contains {} is",
            "{} is found in the country of"],
    "P276": ["The location of {} is", "{} can be found in", "The place to find {} is", "{} is situated in"],
    "P279": ["{} is a kind of", "{} belongs to the class of", "{} is a form of"],
    "P30": ["The continent of {} is", "{} lies on the continent of", "{} can be found on the continent of"],
    "P361": ["{} belongs to", "{} forms part of", "{} is a component of", "The whole that includes {} is"],
    "P364": ["{}'s original language is", "The language originally used in {} is", "The dialogue of {} is in"],
    "P37": ["In {}, the official language is", "In {}, the language spoken is", "{}'s official language is",
            "The law in {} declares the language", "Officials in {} work in"],
    "P407": ["{}'s language is", "The text of {} is in", "{} appeared in the language"],
    "P413": ["The position of {} is", "{}'s playing position is", "{}'s role on the team is",
             "On the team, {} plays the position of"],
    "P463": ["The organization that {} belongs to is", "{} is among the members of", "{} joined"],
    "P937": ["{} was professionally active in", "The work of {} was based in"],
    "P31": ["{} is an instance of", "{} is an example of", "{} is classified as", "{} belongs to the category of",
            "The type of {} is", "The category that {} falls into is"],
    "P527": ["One part of {} is", "{} contains", "Among the parts of {} is", "{} consists in part of",
             "{} is made partly of", "Something found in {} is"],
    "P641": ["The sport that {} plays is", "{} competes in", "{}'s sport is"],
}

QUESTION = {
    "P1001": "Where does {} apply?", "P101": "What field does {} work in?",
    "P103": "What is the mother tongue of {}?", "P106": "What is the profession of {}?",
    "P108": "Who employs {}?", "P127": "Who owns {}?", "P1303": "Which instrument does {} play?",
    "P131": "In which region is {}?", "P136": "What is the genre of {}?", "P1376": "What is {} the capital of?",
    "P138": "What is {} named after?", "P140": "What is the religion of {}?",
    "P1412": "Which language did {} use?", "P159": "Where are the headquarters of {}?",
    "P17": "In which country is {}?", "P176": "Who makes {}?", "P178": "Who developed {}?",
    "P19": "Where was {} born?", "P20": "Where did {} die?", "P264": "What is the record label of {}?",
    "P27": "What is the citizenship of {}?", "P276": "Where is {}?", "P279": "What is {} a kind of?",
    "P30": "On which continent is {}?", "P36": "What is the capital of {}?", "P361": "What is {} part of?",
    "P364": "What is the original language of {}?", "P37": "What is the official language of {}?",
    "P39": "What position does {} hold?", "P407": "In which language is {}?",
    "P413": "What position does {} play?", "P449": "On which network did {} first air?",
    "P463": "What is {} a member of?", "P495": "Which country is {} from?", "P740": "Where was {} founded?",
    "P937": "Where did {} work?", "P31": "What is {}?", "P527": "What is a part of {}?",
    "P641": "Which sport does {} play?",
}

KIND = {
    "person": ["P101", "P103", "P106", "P108", "P1303", "P1412", "P19", "P20", "P27", "P39", "P413", "P937",
               "P641", "P140"],
    "place": ["P131", "P17", "P30", "P36", "P37", "P276", "P138"],
    "company": ["P127", "P159", "P740", "P463"],
    "product": ["P176", "P178", "P495"],
    "work": ["P364", "P407", "P449", "P136"],
}

# CounterFact prompts that leave open what is asked for: learnt for their own record only.
LOOSE = {"{}, a native", "{}, the", "{}, of", "{}, by", "{}, from", "{}, in", "{} is from", "{} is a", "{} from",
         "{} is in", "{} was from", "{} plays", "{} performs", "{} owner", "{}'s owner", "{} is a professional",
         "{} is affiliated with the", "{} is a part of the", "{} label :"}
