#include "edit/statistics/plain_text.h"

namespace mobiedit {
namespace {

constexpr std::string_view paragraphs[] = {
    "The market in Hallam opens at six in the morning and closes when the last crate of apples is gone. Farmers from "
    "the northern valleys bring cheese, honey and wool. Mrs Okafor has sold bread there for thirty years, and she "
    "still bakes every loaf herself. On Saturdays the square is so full that the tram stops one street earlier.",
    "Water boils at a lower temperature on a mountain than at the sea, because the air presses on it less. Salt "
    "raises the boiling point a little. A closed pot keeps the steam inside, so the pressure grows and food cooks "
    "faster. Engineers use the same idea in turbines, where hot steam turns a wheel of steel blades.",
    "\"Did you lock the door?\" asked Henrik. \"I thought you did,\" said Amina. They looked at each other and then at "
    "the dark street behind them. \"It is only a house,\" she said after a while. \"Nobody wants our old chairs.\" "
    "Henrik laughed, but he walked back all the same, and the key was still in the lock.",
    "To repair a flat tyre, first turn the bicycle upside down. Remove the wheel and take the tube out of the tyre. "
    "Pump some air into the tube and hold it under water: bubbles show where the hole is. Dry the place, roughen it, "
    "and press the patch on for two minutes. Finally put everything back in the reverse order.",
    "Shopping list:\n- 2 kg of potatoes\n- 500 g of butter\n- a dozen eggs\n- black pepper and salt\n- oranges, if "
    "they are not too expensive\n- paper towels\n- batteries for the small lamp",
    "In 1887 the town council of Verrin decided to build a bridge across the river Aune. The first plan was drawn by "
    "the engineer Louis Marchetti, who had worked on railways in the south. Work stopped twice when the money ran "
    "out. The bridge was opened in the autumn of 1894 and carried carts, cattle and later the first motor cars.",
    "Dear Mr Tanaka,\n\nThank you for your letter of 3 March. We are sorry to hear that the lamp arrived broken. A new "
    "one will be sent to your address in Sendai this week, and you do not have to return the old one. Please tell us "
    "if anything else is wrong.\n\nYours sincerely,\nClara Whitfield\nCustomer Service",
    "def average(numbers):\n    total = 0\n    for number in numbers:\n        total += number\n    return total / "
    "len(numbers)\n\nprint(average([3, 5, 8, 12]))",
    "The heart of an adult beats about seventy times a minute and pumps five litres of blood through the body. During "
    "hard work the rate can double. Doctors measure the pressure of the blood with a cuff around the arm. Regular "
    "walking, enough sleep and little salt keep the heart healthy for many years.",
    "Professor Lindqvist teaches the history of music at the University of Aldenburg. Her first book described how "
    "dance tunes travelled from village to village with soldiers and traders. Critics in Paris and Vienna praised it. "
    "She plays the viola in a small orchestra and speaks Swedish, German and Portuguese.",
    "Once there was a fox who lived at the edge of a wood and was proud of his red coat. One winter a hungry wolf came "
    "to the wood and asked him for shelter. \"My den is small,\" said the fox, \"but the farmer has a large barn.\" "
    "The wolf thanked him and went. In the morning the farmer had a new dog, and the fox had fewer hens to steal.",
    "Weather for Thursday: clouds in the west, sunshine in the east, light rain near the coast in the evening. "
    "Temperatures between 8 and 14 degrees. The wind comes from the north-west at 25 kilometres per hour. On Friday "
    "it becomes colder, and snow is possible above 1,200 metres.",
    "The company Norvik Instruments announced on Tuesday that its sales had grown by 12 per cent. Its director, Elena "
    "Petrova, said that the new factory in Porto would employ 340 people. Shares rose to 48.20 euros. The competitor "
    "Brandt & Sons lost three per cent and will close two of its offices in London.",
    "Add the flour to the melted butter and stir for a minute. Pour in the milk slowly, so that no lumps form. Season "
    "the sauce with nutmeg, salt and white pepper. Layer it with the vegetables in a deep dish, cover everything with "
    "cheese, and bake it at 200 degrees for about forty minutes until the top is golden brown.",
    "Bees tell each other where flowers are by dancing on the comb. The angle of the dance gives the direction "
    "relative to the sun, and its length gives the distance. A colony of fifty thousand bees can make thirty kilograms "
    "of honey in a good summer. Without them, apples, almonds and many other fruits would be rare.",
    "| Station | Arrival | Departure |\n|---|---|---|\n| Kingsford | - | 07:15 |\n| Lower Marsh | 07:31 | 07:33 |\n| "
    "Aldenburg | 08:02 | 08:10 |\n| Port Selby | 08:47 | - |",
    "Maria Santos grew up in a fishing village near Setubal and became a judge at the age of thirty-four. She worked "
    "in "
    "Brussels for the European Commission and later returned to Lisbon. Her husband, Daniel Weiss, is a carpenter. "
    "They "
    "have two daughters, Ines and Ruth, and a boat that is never quite finished.",
    "Why do ships of steel float? A body in water is pushed upwards by a force that equals the weight of the water it "
    "takes the place of. A ship is hollow, so it takes the place of much water and weighs less than that water would. "
    "If it fills up, the balance is lost and it sinks.",
    "Player one rolls the dice and moves that many fields. Whoever lands on a red field draws a card. Three equal "
    "cards may be exchanged for a tower. The game ends as soon as somebody has five towers, and the player with the "
    "most points wins. With four players a round takes about an hour.",
    "I have kept a garden for most of my life, and I am still surprised every spring. The beans that I sow with care "
    "rot in the wet ground, and a sunflower that nobody planted grows taller than the fence. My neighbour Mr Dubois "
    "says that a garden teaches patience. I think it teaches one to expect nothing and to look anyway.",
    "The moon goes around the earth in a little more than twenty-seven days and always shows the same side. Its light "
    "is the light of the sun, thrown back by grey dust and rock. High tide comes twice a day, since the moon pulls at "
    "the oceans. In 1969 people walked on its surface for the first time.",
    "SELECT name, city, SUM(amount) AS total\nFROM orders JOIN customers ON orders.customer = customers.id\nWHERE year "
    "= 2021\nGROUP BY name, city\nORDER BY total DESC\nLIMIT 10;",
    "The museum on Garden Street shows paintings from the seventeenth century on the first floor. Visitors should not "
    "miss the small portrait of a girl with a pearl comb by Hendrik de Groot. The second floor belongs to modern "
    "sculpture. Tickets cost nine euros, and children under twelve pay nothing. It is closed on Mondays.",
    "\"Good morning, this is Doctor Hassan's practice. How can I help you?\" - \"My son has had a fever since "
    "yesterday, and he does not want to eat.\" - \"How old is he?\" - \"He is six.\" - \"Please come at half past ten, "
    "and bring his insurance card with you.\"",
    "Iron is found in the earth as ore, a stone that holds the metal together with oxygen. In the furnace, coke takes "
    "the oxygen away at more than 1,500 degrees. The liquid iron still holds too much carbon and is brittle. Blowing "
    "air or oxygen through it burns the carbon off, and what remains is steel.",
    "The election in the province of Tavora was won by the Green League with 38.4 per cent of the votes. The "
    "Conservative Union came second with 31.9 per cent. Turnout was higher than four years ago. Governor Samuel "
    "Adeyemi "
    "congratulated his successor, Ingrid Solberg, who wants to build more schools and fewer roads.",
    "1. Choose a strong password and tell it to nobody.\n2. Install updates as soon as they are offered.\n3. Do not "
    "open files from people you do not know.\n4. Keep a copy of important documents in another place.\n5. If something "
    "looks wrong, ask before you click.",
    "The train from Warsaw was two hours late, and the restaurant car had run out of everything but soup. Across the "
    "aisle an old man was teaching his granddaughter chess. \"Never move the same piece twice,\" he said. She moved "
    "the "
    "same piece twice and took his queen. Outside, the first lights of Berlin came through the rain.",
    "A contract needs an offer and an acceptance. Both sides must be of age and must know what they sign. A promise "
    "to give something away usually has to be made in writing. If one side does not deliver, the other may set a "
    "deadline, and after that it may withdraw from the contract and ask for damages.",
    "Football results: Rovers - United 2:1, Athletic - Harbour Town 0:0, Dynamo - Real Alvor 3:4. Striker Kofi Mensah "
    "scored twice in the last ten minutes. Coach Bruno Keller was sent off for shouting. With four games left to play, "
    "Real Alvor leads the table with 61 points, ahead of Rovers with 58.",
    "Learning a language takes time rather than talent. Ten minutes every day are worth more than two hours on Sunday. "
    "Read what interests you, even if you do not understand each word. Speak early and do not be ashamed of mistakes. "
    "Songs, films and friends are better teachers than lists of verbs.",
    "The violin has four strings, which are tuned in fifths. It was given its shape in northern Italy in the sixteenth "
    "century. The bow is strung with the hair of horses. Antonio Bellini of Cremona, whose workshop I visited in May, "
    "needs three months for one instrument and sells it for fifteen thousand euros.",
    "Subject: Meeting on Wednesday\n\nHi everyone,\n\nthe meeting is moved to 14:30 in room B204, because the "
    "projector "
    "in B110 is broken. Priya will present the figures of the second quarter, and Tom will show the new design. Please "
    "send me your questions until Tuesday noon.\n\nBest,\nJulia",
    "The desert of Karam covers an area as large as Belgium. In the daytime the sand heats up to sixty degrees, and at "
    "night water freezes. Foxes, lizards and beetles live there, and they drink the fog that comes from the sea. "
    "Nomads cross it with camels along a line of seven wells, which their grandfathers dug.",
    "Prices went up faster than wages last year. A family with two children paid 140 euros more for food each month. "
    "The central bank raised interest rates, so loans for houses became expensive. Economists such as Farida Rahman "
    "expect that inflation will fall to two per cent by the end of next year.",
    "for (int i = 0; i < count; ++i) {\n  if (values[i] > largest) {\n    largest = values[i];\n    position = i;\n  "
    "}\n}\nreturn position;",
    "When the lamp went out, nobody spoke. Captain Oyelaran counted the breaths of his men: eleven, and there should "
    "have been twelve. Somewhere above them the ice cracked like a whip. \"We wait until morning,\" he said in the "
    "end. "
    "\"Then we look for Simon.\" The wind answered, and after it there was only the sea.",
    "The cell is the smallest unit of life. Plants have walls around their cells, animals have only a thin skin. In "
    "the nucleus lies the DNA, which holds the plan for all proteins. When a cell divides, the plan is copied first. "
    "Mistakes in copying are rare, but over millions of years they add up to new kinds of beings.",
    "Directions: leave the motorway at exit 17 and follow the signs to the harbour. At the third traffic light turn "
    "left into Mill Lane. After the church the road becomes narrow, so please drive slowly. Our house is number 22, "
    "the yellow one with the blue door. You can park behind the school.",
    "Radio was the first medium that reached a whole country at once. In the 1930s families sat around the receiver in "
    "the evening as they would later sit in front of television. The announcer Walter Finch was known in every home, "
    "although hardly anybody knew his face. Then came pictures, and voices were no longer enough.",
    "Question: A tank holds 240 litres. One pump fills it in 6 hours, another one in 4 hours. How long do both take "
    "together? Answer: The first pump gives 40 litres per hour and the second gives 60. Together they give 100 litres "
    "per hour, so they need 2.4 hours, which is 2 hours and 24 minutes.",
    "The hotel lies a little above the lake and has forty rooms. Breakfast was excellent, with fresh rolls and three "
    "kinds of jam. The bed was too soft for my taste, and the lift did not work on the first day. The staff, above all "
    "Mr Rossi at the reception, were very friendly. We would come again, but not in August.",
    "Paper was invented in China about two thousand years ago and was made of bark, rags and old nets. The craft "
    "reached Samarkand in the eighth century and Spain in the twelfth. Before that, people in Europe wrote on the skin "
    "of calves and sheep. A large Bible needed the skins of more than two hundred animals.",
    "Small children need about twelve hours of sleep, adults seven or eight. Light from screens in the evening keeps "
    "the body awake. A cool, dark room helps, and so does a fixed time for going to bed. Whoever lies awake for a long "
    "while should get up, read a few pages, and try again.",
    "The old theatre of Valmira was saved by its audience. When the city wanted to sell the building in 2004, four "
    "thousand people each bought a seat for a hundred euros. The actress Nadia Benali gave the first evening, alone on "
    "the stage with a chair. Today it shows opera, puppet plays and films from Africa and Asia.",
    "{\n  \"name\": \"weather-station\",\n  \"version\": \"2.3.1\",\n  \"sensors\": [\"temperature\", \"pressure\", "
    "\"wind\"],\n  \"interval\": 300,\n  \"upload\": true\n}",
    "Glass is made of sand, soda and lime. The mixture melts at about 1,400 degrees and can be blown, pressed or "
    "poured. Window glass floats on a bath of liquid tin while it cools, which makes it perfectly flat. Old bottles "
    "can "
    "be melted again and again without any loss of quality.",
    "Grandfather came to this country with one suitcase and the address of a cousin in Cleveland. He found work in a "
    "bakery, married the baker's daughter Rosa, and never saw the sea again. On his birthday he sang the songs of the "
    "Carpathians, and we children hummed along without knowing the words.",
    "The parliament has 250 members, who are elected for five years. A law needs a majority in both chambers and the "
    "signature of the president. The constitutional court can declare it void. Citizens may demand a vote on a "
    "question "
    "if they collect one hundred thousand signatures within six months.",
    "Speed equals distance divided by time. A cyclist who needs 3 hours for 54 kilometres rides at 18 kilometres per "
    "hour. If the wind slows her down by a quarter, she needs 4 hours for the same way. It is easy to forget that the "
    "way back with the wind does not make up for the time that was lost.",
    "What a wonderful concert! The choir of Saint Olaf sang the first part without any instruments, so softly that one "
    "heard the rain on the roof. After the break came the Requiem by Gustav Hallberg. The young soprano Mei Lin Zhao "
    "has "
    "a great career before her. Only the trumpets were sometimes too loud.",
    "Elephants live in herds that are led by the oldest female. They remember water holes for decades and greet each "
    "other by touching trunks. An adult eats 150 kilograms of leaves, grass and bark a day. Ivory hunters have reduced "
    "their number in East Africa from one million to less than a fifth of that.",
    "Terms of use. 1. The service is free of charge. 2. The user is responsible for all contents that he or she "
    "publishes. 3. The operator may end the service at any time with four weeks' notice. 4. Should one of these terms "
    "be "
    "void, the others remain in force. 5. The place of jurisdiction is Rotterdam.",
    "Clay, water and fire: that is all a potter needs. Yusuf Demir throws forty bowls on a good morning, and he "
    "breaks the five that he likes least. The glaze is ground from ash and feldspar. In the kiln it turns green or "
    "brown, depending on how much air gets in, and even after fifty years he cannot tell which it will be.",
    "Computers store numbers as rows of zeros and ones. Eight of these bits make a byte, which can hold 256 different "
    "values. Letters are numbers too: a capital A is 65. A picture consists of millions of small points, and each has "
    "three numbers for red, green and blue. Nothing in the machine knows what the picture shows.",
    "Help wanted: the library of Ashbourne is looking for a friendly person for Saturday mornings. You shelve returned "
    "books, help readers to find what they need, and read to children at eleven. Experience is welcome but not "
    "necessary. Please write to Mrs Patricia Nolan before the end of the month.",
    "The coast of Brittany is rocky and full of small islands. Lighthouses warn ships of the cliffs, and some of them "
    "stand alone in the sea. Until 1990 keepers lived there for weeks without a visitor. Jean Le Goff, the last keeper "
    "of "
    "La Vieille, wrote a diary of eleven volumes, and most of it is about birds.",
};

constexpr std::string_view questions[] = {
    "How do I boil an egg?",
    "Tell me a short story about a lighthouse.",
    "What is the difference between a lake and a sea?",
    "Write a polite email to my landlord about a broken heater.",
    "Who was Leonardo da Vinci?",
    "Give me three tips for sleeping better.",
    "What is 15 times 4?",
    "Explain photosynthesis to a child.",
    "Name five animals that live in the forest.",
    "Which language do people speak in Brazil?",
    "I feel a bit sad today.",
    "Translate \"good morning\" into Spanish.",
    "How can I save money on food?",
    "Write a Python function that reverses a list.",
    "What should I pack for a weekend in the mountains?",
    "Why is the sky blue?",
    "Tell me about Marie Curie.",
    "Is it better to run in the morning or in the evening?",
    "Write a poem of four lines about autumn.",
    "What does a carpenter do?",
    "How far is the moon from the earth?",
    "Suggest a name for a small bakery.",
    "What are the seasons of the year?",
    "How does a bicycle stay upright?",
    "Summarize this: the meeting was moved from Monday to Friday because the manager is ill.",
    "What is the largest ocean?",
    "Can you help me plan a birthday party?",
    "Where does the river Nile begin?",
    "Explain what a contract is.",
    "What is a good book for a ten-year-old?",
    "How do I remove a coffee stain from a shirt?",
    "Who wrote Romeo and Juliet?",
    "What are the rules of chess?",
    "Give me a recipe with rice and tomatoes.",
    "What is the opposite of brave?",
    "Thank you for your help!",
    "How do vaccines work?",
    "Tell me something about Japan.",
    "Correct this sentence: he go to school yesterday.",
    "Which instrument is easiest to learn?",
};

}  // namespace

std::span<const std::string_view> plain_paragraphs() {
  return paragraphs;
}

std::string plain_text() {
  std::string text;
  for (const std::string_view paragraph : paragraphs) {
    text += paragraph;
    text += "\n\n";
  }
  return text;
}

std::span<const std::string_view> plain_questions() {
  return questions;
}

}  // namespace mobiedit
