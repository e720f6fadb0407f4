package draw

import (
	"slices"
	"strings"
)

// shop is what a sign may say that tells it.
type shop struct {
	name     string
	wordings []string
}

var shops = []shop{
	{"bakery", []string{"BAKERY", "BREAD", "BAKER"}},
	{"pharmacy", []string{"PHARMACY", "CHEMIST"}},
	{"florist", []string{"FLORIST", "FLOWERS"}},
	{"butcher", []string{"BUTCHER", "MEATS"}},
	{"barber", []string{"BARBER", "BARBERS"}},
	{"bookshop", []string{"BOOKSHOP", "BOOKS"}},
	{"cafe", []string{"CAFE", "COFFEE", "COFFEE SHOP"}},
	{"bank", []string{"BANK"}},
	{"hotel", []string{"HOTEL"}},
	{"cinema", []string{"CINEMA", "MOVIES"}},
	{"gallery", []string{"GALLERY", "ART GALLERY"}},
	{"optician", []string{"OPTICIAN", "GLASSES"}},
	{"dentist", []string{"DENTIST", "DENTAL"}},
	{"clinic", []string{"CLINIC"}},
	{"laundry", []string{"LAUNDRY", "DRY CLEANING"}},
	{"tailor", []string{"TAILOR"}},
	{"jeweller", []string{"JEWELLER", "JEWELLERY"}},
	{"grocer", []string{"GROCER", "GROCERY"}},
	{"museum", []string{"MUSEUM"}},
	{"library", []string{"LIBRARY"}},
	{"theatre", []string{"THEATRE"}},
	{"gym", []string{"GYM", "FITNESS"}},
	{"yoga studio", []string{"YOGA STUDIO", "YOGA"}},
	{"pizzeria", []string{"PIZZERIA", "PIZZA"}},
	{"sushi bar", []string{"SUSHI BAR", "SUSHI"}},
	{"burger bar", []string{"BURGER BAR", "BURGERS"}},
	{"toy shop", []string{"TOY SHOP", "TOYS"}},
	{"pet shop", []string{"PET SHOP", "PETS"}},
	{"shoe shop", []string{"SHOE SHOP", "SHOES"}},
	{"music shop", []string{"MUSIC SHOP", "MUSIC"}},
	{"garage", []string{"GARAGE", "CAR REPAIR"}},
	{"school", []string{"SCHOOL"}},
	{"restaurant", []string{"RESTAURANT"}},
	{"pub", []string{"PUB", "BREWERY"}},
	{"supermarket", []string{"SUPERMARKET"}},
	{"market", []string{"MARKET"}},
	{"hairdresser", []string{"HAIR", "HAIR SALON"}},
	{"bike shop", []string{"BIKE SHOP", "BIKES"}},
	{"wine shop", []string{"WINE", "WINES"}},
	{"tea house", []string{"TEA HOUSE", "TEA ROOM"}},
	{"ice cream parlour", []string{"ICE CREAM", "GELATO"}},
	{"post office", []string{"POST OFFICE"}},
	{"police station", []string{"POLICE"}},
	{"car park", []string{"CAR PARK", "PARKING"}},
	{"hardware shop", []string{"HARDWARE", "TOOLS"}},
	{"furniture shop", []string{"FURNITURE"}},
	{"travel agency", []string{"TRAVEL"}},
	{"photo studio", []string{"PHOTO STUDIO", "PHOTO"}},
	{"fishmonger", []string{"FISHMONGER", "FISH"}},
	{"cheese shop", []string{"CHEESE"}},
	{"copy shop", []string{"COPY SHOP", "PRINTING"}},
	{"vet", []string{"VET", "ANIMAL CLINIC"}},
	{"nursery", []string{"NURSERY"}},
	{"dance school", []string{"DANCE SCHOOL", "DANCE"}},
}

var phrases = strings.Split("NO PARKING|NO ENTRY|EXIT|OPEN|CLOSED|SALE|PUSH|PULL|STOP|SLOW|ONE WAY|TO LET|FOR SALE|KEEP CLEAR|NO SMOKING|WELCOME|"+
	"TICKETS|TOILETS|INFORMATION|PRIVATE|DANGER|KEEP LEFT|TAXI|BUS STOP|METRO|STATION|CENTRE|WAY OUT|NOTICE|ALL DAY|OPEN LATE", "|")

// words stand before a shop's wording, or alone.
var words = strings.Fields(`
	ACORN ALPINE AMBER ANCHOR APPLE ARROW ASHTON AUTUMN AVENUE BAXTER BEACON BIRCH BLOSSOM BRAMBLE BRIDGE BRISK BROOK CANDLE
	CANYON CARLTON CASTLE CEDAR CHESTNUT CLOVER COBALT COPPER CORAL CORNER COTTON CRYSTAL DAISY DALTON DELTA DESERT DOLPHIN
	DRAGON EAGLE EASTERN ECHO ELM EMBER EMERALD FALCON FERN FINCH FOREST FOUNTAIN FOX GARDEN GINGER GOLDEN GRAND GRANITE
	HARBOUR HARPER HAZEL HERON HIGHLAND HILL HOLLY HORIZON INDIGO IRON ISLAND IVORY IVY JASMINE JUNIPER KESTREL KINGS LAKE
	LANTERN LARCH LAVENDER LEMON LILAC LINDEN LOTUS LUNAR MAGNOLIA MAPLE MARBLE MEADOW MILLER MORNING MOSS NORTHERN OAK OCEAN
	OLIVE ORCHARD OTTER PARKER PEARL PEPPER PINE PLUM POPLAR QUARRY QUAY QUEENS QUILL RAVEN REGENT RIVER ROBIN ROWAN ROYAL
	RUBY SAFFRON SAGE SAILOR SAPPHIRE SILVER SPARROW SPRING STONE SUMMIT SUNSET SWAN THISTLE TIMBER TOWER TULIP VALLEY VELVET
	VICTORY VIOLET WALNUT WATSON WESTERN WILLOW WINTER WREN YEW ZENITH`)

// Shops are the names of the shops that a sign can tell.
func Shops() []string {
	var names []string
	for _, s := range shops {
		names = append(names, s.name)
	}
	return names
}

// ShopOf is the shop that a sign tells by its words: the one with the longest wording among them. It is "" for other words, and
// for phrases such as NO PARKING.
func ShopOf(text string) string {
	told, most := "", 0
	parts := strings.Fields(strings.ToUpper(text))
	if slices.Contains(phrases, strings.Join(parts, " ")) {
		return ""
	}
	for _, s := range shops {
		for _, wording := range s.wordings {
			if n := len(wording); n > most && !slices.ContainsFunc(strings.Fields(wording), func(w string) bool { return !slices.Contains(parts, w) }) {
				told, most = s.name, n
			}
		}
	}
	return told
}

// wording is what a sign says, in about the shares of training: shops with and without a name, phrases, numbers, letters and
// words that tell no shop.
func wording(d dice) string {
	letters := func(from string, least, most int) string {
		var b strings.Builder
		for range least + d.IntN(most-least+1) {
			b.WriteByte(from[d.IntN(len(from))])
		}
		return b.String()
	}
	const longest = 17
	switch kind := d.Float64(); {
	case kind < 0.5:
		text, name := pick(d, pick(d, shops).wordings), pick(d, words)
		if d.chance(0.45) && len(name)+len(text) <= longest {
			text = name + " " + text
		}
		return text
	case kind < 0.6:
		return pick(d, phrases)
	case kind < 0.68:
		plate, number := letters("ABCDEFGHJKLMNPRSTUVWXYZ", 1, 3), letters("0123456789", 1, 4)
		return pick(d, []string{plate + " " + number, plate + number, number + " " + plate, number})
	case kind < 0.74:
		return letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 3, 8)
	}
	text := pick(d, words)
	for d.chance(0.5) {
		more := pick(d, words)
		if len(text)+len(more) > longest {
			break
		}
		text += " " + more
	}
	return text
}
